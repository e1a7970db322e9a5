/**
 * Words with a little formatting, as people write them: the tags below, `&amp;` and its like. Everything else stands for itself, so
 * that nothing a customer typed can become markup, and nothing that is not understood is lost.
 */
const marks = new Map([
  ["b", "b"],
  ["strong", "b"],
  ["i", "i"],
  ["em", "i"],
  ["u", "u"],
  ["ins", "u"],
  ["s", "s"],
  ["strike", "s"],
  ["del", "s"],
  ["code", "code"],
  ["pre", "pre"],
  ["blockquote", "blockquote"],
  ["a", "a"],
]);

/** A piece of text and the marks that hold for it, the outermost first. */
export type Run = { readonly text: string; readonly marks: readonly Mark[] };
export type Mark = { readonly tag: string; readonly href: string | null };

const token = /<(\/?)([a-z]+)((?:\s[^<>]*)?)>|&(#\d{1,7}|[a-z]{2,6});/gi;
const address = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)')/i;
const addresses = /^(?:https?|tg|mailto|tel):/i;
const entities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", "\u00A0"],
]);

/** Reads formatted words. Never throws; what is opened and not closed ends with the text. */
export function readHtml(html: string): readonly Run[] {
  const runs: Run[] = [];
  let open: readonly Mark[] = [];
  let from = 0;
  const say = (text: string): void => {
    if (text !== "") runs.push({ text, marks: open });
  };
  for (const found of html.matchAll(token)) {
    const [whole, slash, name = "", rest = "", entity] = found;
    const meaning =
      entity === undefined
        ? tagOf(open, { closes: slash === "/", name: name.toLowerCase(), rest })
        : entityOf(entity);
    if (meaning === null) continue;
    say(html.slice(from, found.index));
    from = found.index + whole.length;
    if (typeof meaning === "string") say(meaning);
    else open = meaning;
  }
  say(html.slice(from));
  return runs;
}

type Tag = { readonly closes: boolean; readonly name: string; readonly rest: string };

/** The marks after a tag; null when it is none of ours or closes nothing. */
function tagOf(open: readonly Mark[], { closes, name, rest }: Tag): readonly Mark[] | null {
  const tag = marks.get(name);
  if (tag === undefined) return null;
  if (closes) return open.at(-1)?.tag === tag ? open.slice(0, -1) : null;
  if (tag !== "a") return [...open, { tag, href: null }];
  const [, double, single] = address.exec(rest) ?? [];
  const href = plainOf(readHtml(double ?? single ?? ""));
  return addresses.test(href) ? [...open, { tag, href }] : null;
}

function entityOf(name: string): string | null {
  if (!name.startsWith("#")) return entities.get(name.toLowerCase()) ?? null;
  const code = Number(name.slice(1));
  return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code).toWellFormed() : null;
}

/** The words alone. */
export function plainOf(runs: readonly Run[]): string {
  return runs.map(({ text }) => text).join("");
}

/** Writes runs as HTML in which nothing but their marks is markup, every tag closed in order. */
export function writeHtml(runs: readonly Run[]): string {
  let html = "";
  let open: readonly Mark[] = [];
  for (const run of runs) {
    html += `${between(open, run.marks)}${escaped(run.text)}`;
    open = run.marks;
  }
  return html + between(open, []);
}

/** What lies between `start` and `end` of the words, with its marks. */
export function sliceRuns(runs: readonly Run[], start: number, end: number): readonly Run[] {
  let at = 0;
  return runs.flatMap((run) => {
    const text = run.text.slice(Math.max(0, start - at), Math.max(0, end - at));
    at += run.text.length;
    return text === "" ? [] : [{ ...run, text }];
  });
}

/** Closes what does not go on and opens what begins. */
function between(before: readonly Mark[], after: readonly Mark[]): string {
  const differs = before.findIndex((mark, at) => mark !== after[at]);
  const kept = differs < 0 ? before.length : differs;
  const closing = before.slice(kept).toReversed();
  return [
    ...closing.map(({ tag }) => `</${tag}>`),
    ...after.slice(kept).map(({ tag, href }) => `<${tag}${hrefOf(href)}>`),
  ].join("");
}

function hrefOf(href: string | null): string {
  return href === null ? "" : ` href="${escaped(href).replaceAll('"', "&quot;")}"`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
