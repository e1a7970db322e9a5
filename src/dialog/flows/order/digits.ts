const FOREIGN_DIGIT = /(?![0-9])\p{Nd}/gu;
const DECIMAL_DIGIT = /^\p{Nd}$/u;

/**
 * Writes every decimal digit of any script as 0-9 and leaves the rest alone. Only digits proper
 * (Unicode's Nd) count: superscripts, circled and Roman numerals are not digits that a person
 * types.
 */
export function asciiDigits(text: string): string {
  return text.replace(FOREIGN_DIGIT, digitValue);
}

/**
 * Unicode keeps decimal digits in ascending runs of ten without gaps, and runs that touch begin at
 * a multiple of ten from each other; so a digit's value is its distance from the start of its
 * stretch, modulo ten.
 */
function digitValue(digit: string): string {
  const point = digit.codePointAt(0) ?? 0;
  let start = point;
  while (DECIMAL_DIGIT.test(String.fromCodePoint(start - 1))) start -= 1;
  return String((point - start) % 10);
}
