/**
 * Text that PostgreSQL can store: U+0000 (refused by `text`, SQLSTATE 22021) and lone surrogates (refused by `jsonb`)
 * become U+FFFD. The journal keeps the original bytes, so nothing is lost by it.
 */
export function storableText(text: string): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\uFFFD") : wellFormed;
}
