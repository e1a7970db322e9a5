const spansMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const span = /^(?<count>\d{1,6})(?<unit>[smhd])$/;
const time = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?<zone>Z|[+-]\d{2}:\d{2})?)?$/;

/** `12h`, `7d`, `2026-11-21` or `2026-11-21T08:00` (UTC unless it says otherwise) as ms; null when it is none of them. */
export function readSince(text: string, now: number): number | null {
  const { count, unit } = span.exec(text)?.groups ?? {};
  if (count !== undefined && (unit === "s" || unit === "m" || unit === "h" || unit === "d"))
    return now - Number(count) * spansMs[unit];
  const found = time.exec(text);
  if (found === null) return null;
  const zoned = text.length > 10 && found.groups?.["zone"] === undefined ? `${text}Z` : text;
  const ms = Date.parse(zoned.replace(" ", "T"));
  return Number.isNaN(ms) ? null : ms;
}
