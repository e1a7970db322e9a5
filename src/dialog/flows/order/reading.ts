/**
 * What became of a text that should hold a value: the value, or a code that says what is wrong with
 * it.
 */
export type Reading<Value, Fault extends string> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: Fault };

const VISIBLE = /[^\s\p{Cc}\p{Cf}]/u;
const INVISIBLE = /\p{Cf}+/gu;

/**
 * Whether a person would see anything: a photo's empty caption, spaces and direction marks alone
 * are no text.
 */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/**
 * Removes marks without a shape of their own, such as the direction marks that come with a copied
 * phone number.
 */
export function withoutInvisible(text: string): string {
  return text.replace(INVISIBLE, "");
}
