/** One broken rule, ready for people: where it is and what to do instead. */
export type Violation = {
  readonly rule: string;
  /** Path from the project's root, with `/`. */
  readonly file: string;
  /** Counts from 1; 1 also stands for the file as a whole. */
  readonly line: number;
  readonly message: string;
};

/** The violation as one line that editors turn into a link. */
export function describeViolation({ file, line, rule, message }: Violation): string {
  return `${file}:${line} [${rule}] ${message}`;
}
