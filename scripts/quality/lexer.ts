/**
 * Separates TypeScript code from its comments, strings and regular expressions. TypeScript 7 has no compiler API in
 * JavaScript, and the rules of this folder need only this much: a word in a comment or a string is not a use of it.
 *
 * Reading is in one of two modes: code, where a quote, a backtick or a slash begins a literal, and template text, which
 * begins at a backtick or at the `}` that closes `${` and ends at the next backtick or `${`. `braces` remembers for
 * every open `{` whether a template waits behind it.
 */

export type Literal = { readonly start: number; readonly value: string };
export type Comment = { readonly start: number; readonly end: number; readonly text: string };

/** `code` is as long as the file and has its lines, but comments and the insides of literals are blank. */
export type Source = {
  readonly code: string;
  readonly strings: readonly Literal[];
  readonly comments: readonly Comment[];
};

type Reader = {
  readonly text: string;
  code: string;
  readonly strings: Literal[];
  readonly comments: Comment[];
  readonly braces: ("code" | "template")[];
};

const PLAIN = /[^"'`/{}]+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const TEMPLATE_TEXT = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const REGEX = /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** What may stand before a regular expression; after anything else a slash divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{;+\-*%<>~^]|=>|\b(?:return|typeof|case|in|of|await|void|yield|throw|else|do))$/;
/** Enough of the code before a slash to see the word or sign that decides. */
const LOOK_BEHIND_CHARS = 40;

/** Reads a whole file; text that is not TypeScript gives a useless result, never an error. */
export function readSource(text: string): Source {
  const reader: Reader = { text, code: "", strings: [], comments: [], braces: [] };
  while (reader.code.length < text.length) {
    readNext(reader);
  }
  return { code: reader.code, strings: reader.strings, comments: reader.comments };
}

/** The line of a position, counted from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function readNext(reader: Reader): void {
  const position = reader.code.length;
  const plain = match(PLAIN, reader.text, position);
  if (plain !== null) {
    reader.code += plain;
    return;
  }
  const sign = reader.text.charAt(position);
  if (sign === "/") readSlash(reader, position);
  else if (sign === "`") readTemplateText(reader, position);
  else if (sign === "{" || sign === "}") readBrace(reader, sign, position);
  else readString(reader, position);
}

function readSlash(reader: Reader, position: number): void {
  const comment = match(COMMENT, reader.text, position);
  if (comment !== null) {
    reader.comments.push({ start: position, end: position + comment.length, text: comment });
    reader.code += blank(comment);
    return;
  }
  const before = reader.code.slice(-LOOK_BEHIND_CHARS).trimEnd();
  const regex = BEFORE_REGEX.test(before) ? match(REGEX, reader.text, position) : null;
  reader.code += regex === null ? "/" : blank(regex);
}

function readString(reader: Reader, position: number): void {
  const literal = match(STRING, reader.text, position);
  if (literal === null) {
    reader.code += reader.text.charAt(position);
    return;
  }
  const value = literal.slice(1, -1);
  const quote = literal.charAt(0);
  reader.strings.push({ start: position, value });
  reader.code += quote + blank(value) + quote;
}

function readBrace(reader: Reader, sign: "{" | "}", position: number): void {
  if (sign === "{") reader.braces.push("code");
  else if (reader.braces.pop() === "template") {
    readTemplateText(reader, position);
    return;
  }
  reader.code += sign;
}

function readTemplateText(reader: Reader, position: number): void {
  const text = match(TEMPLATE_TEXT, reader.text, position);
  if (text === null) {
    reader.code += reader.text.charAt(position);
    return;
  }
  const end = text.endsWith("`") ? "`" : "${";
  if (end === "${") reader.braces.push("template");
  reader.code += text.charAt(0) + blank(text.slice(1, -end.length)) + end;
}

function match(pattern: RegExp, text: string, position: number): string | null {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? null;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
