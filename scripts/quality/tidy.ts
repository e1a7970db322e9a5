import { BANNED_NAMES, BANNED_WORDS, type BannedWord } from "./banned.ts";
import { lineAt, readSource, type Source } from "./lexer.ts";
import type { Tree } from "./tree.ts";
import type { Violation } from "./violation.ts";

type File = { readonly path: string; readonly text: string; readonly source: Source };

const LINES_MAX = [
  { folder: "src/", linesMax: 400 },
  { folder: "scripts/", linesMax: 400 },
  { folder: "tests/", linesMax: 600 },
] as const;

/** Functions, classes, and arrow functions that have a body; a one-line arrow says what it does. */
const EXPORTED =
  /^export\s+(?:(?:async\s+)?function\b\s*\*?\s*(?<fn>\w+)|(?:abstract\s+)?class\s+(?<cls>\w+)|const\s+(?<arrow>\w+)[^;]*?=>\s*\{$)/gm;

/** The rules on words, names, lengths and comments over the project's tree. */
export function checkTidiness(tree: Tree): readonly Violation[] {
  return [...tree].flatMap(([path, text]) => {
    const file = { path, text, source: sourceOf(path, text) };
    return [
      ...checkLength(file),
      ...checkName(file),
      ...BANNED_WORDS.flatMap((banned) => checkWord(file, banned)),
      ...checkDocumented(file),
    ];
  });
}

function sourceOf(path: string, text: string): Source {
  return path.endsWith(".ts") ? readSource(text) : { code: "", strings: [], comments: [] };
}

function checkLength({ path, text }: File): readonly Violation[] {
  const lines = text.trimEnd().split("\n").length;
  const limit = LINES_MAX.find(({ folder }) => path.startsWith(folder));
  if (limit === undefined || !path.endsWith(".ts") || lines <= limit.linesMax) return [];
  const message = `${lines} lines, at most ${limit.linesMax}; split it by what its parts are called`;
  return [{ rule: "length", file: path, line: limit.linesMax, message }];
}

function checkName({ path }: File): readonly Violation[] {
  if (!LINES_MAX.some(({ folder }) => path.startsWith(folder))) return [];
  const names = path.split("/").map((part) => part.replace(/\..*$/, ""));
  return names
    .filter((name) => BANNED_NAMES.has(name))
    .map((name) => ({
      rule: "name",
      file: path,
      line: 1,
      message: `"${name}" says nothing; name it after the noun of the domain it holds`,
    }));
}

function checkWord(file: File, banned: BannedWord): readonly Violation[] {
  const { path, text } = file;
  const { rule, name, pattern, instead } = banned;
  if (!banned.where.test(path) || banned.owners.some((owner) => owns(owner, path))) return [];
  return [...wordsOf(file, banned.within).matchAll(pattern)].map(({ index }) => ({
    rule,
    file: path,
    line: lineAt(text, index),
    message: `${name} has no place here: ${instead}`,
  }));
}

function owns(owner: string, path: string): boolean {
  return owner.endsWith("/") ? path.startsWith(owner) : path === owner;
}

/** The part of a file in which to look, with everything else blank or left out, so that positions stay. */
function wordsOf({ text, source }: File, within: BannedWord["within"]): string {
  if (within === "text") return text;
  if (within === "code") return source.code;
  return source.comments.reduce((words, comment) => words.padEnd(comment.start) + comment.text, "");
}

/** Overloads share the comment above the first of them. */
function checkDocumented({ path, text, source }: File): readonly Violation[] {
  if (!path.startsWith("src/")) return [];
  const docs = source.comments.filter((comment) => comment.text.startsWith("/**"));
  const ends = new Set(docs.map(({ end }) => end));
  const seen = new Set<string>();
  return [...source.code.matchAll(EXPORTED)].flatMap(({ index, groups }) => {
    const name = groups?.["fn"] ?? groups?.["cls"] ?? groups?.["arrow"] ?? "";
    if (seen.has(name)) return [];
    seen.add(name);
    if (ends.has(text.slice(0, index).trimEnd().length)) return [];
    const message = `${name} has no doc comment: say what it promises and what happens on failure`;
    return [{ rule: "doc-comment", file: path, line: lineAt(text, index), message }];
  });
}
