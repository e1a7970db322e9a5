/** What `parse_mode: "HTML"` makes of a text: what is shown, or what is wrong with it. */
export type Parsed =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly description: string };

const tags: ReadonlySet<string> = new Set(
  "b strong i em u ins s strike del code pre a blockquote tg-spoiler span".split(" "),
);
const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };

/** A tag, a lone `<`, an entity, or a piece of text. */
const piece = /<(\/?)([a-zA-Z][\w-]*)[^<>]*>|<|&(#\d+|#x[0-9a-f]+|[a-z]+);|&|[^<&]+/gi;

/** Reads Telegram's HTML as strictly as Telegram does: unknown tags and unclosed ones are errors. */
export function parseHtml(html: string): Parsed {
  const open: string[] = [];
  let shown = "";
  for (const { 0: whole, 1: slash, 2: name, 3: entity, index: at } of html.matchAll(piece)) {
    if (!whole.startsWith("<")) {
      shown += decoded(entity) ?? whole;
      continue;
    }
    const fault = step(open, { closes: slash === "/", name: name?.toLowerCase() ?? null, at });
    if (fault !== null) return { ok: false, description: `can't parse entities: ${fault}` };
  }
  const left = open.at(-1);
  if (left === undefined) return { ok: true, text: shown };
  const description = `can't parse entities: Can't find end tag corresponding to start tag "${left}"`;
  return { ok: false, description };
}

type Step = { readonly closes: boolean; readonly name: string | null; readonly at: number };

function step(open: string[], { closes, name, at }: Step): string | null {
  if (name === null) return `unexpected "<" at byte offset ${at}`;
  if (!tags.has(name)) return `Unsupported start tag "${name}" at byte offset ${at}`;
  if (!closes) {
    open.push(name);
    return null;
  }
  return open.pop() === name ? null : `Unmatched end tag at byte offset ${at}`;
}

function decoded(name = ""): string | null {
  const known = named[name.toLowerCase()];
  if (known !== undefined) return known;
  if (!name.startsWith("#")) return null;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : null;
}
