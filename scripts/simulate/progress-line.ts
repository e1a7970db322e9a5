/** The part of a standard output that is used. */
export type Terminal = { readonly isTTY?: boolean; readonly write: (text: string) => unknown };

const TTY_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 2_000;
const CLEAR_LINE = "\r\u001b[2K";

/** Shows how far a run is: one line that changes on a terminal, a plain line every two seconds elsewhere. */
export class ProgressLine {
  readonly #out: Terminal;
  #shownMs = Number.NEGATIVE_INFINITY;
  #latest: string | null = null;

  constructor(out: Terminal) {
    this.#out = out;
  }

  show(text: string): void {
    this.#latest = text;
    const interval = this.#out.isTTY === true ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS;
    if (performance.now() - this.#shownMs < interval) return;
    this.#write(text);
  }

  /** Shows the last state and leaves the line; a second call does nothing. */
  end(): void {
    if (this.#latest === null) return;
    this.#write(this.#latest);
    if (this.#out.isTTY === true) this.#out.write("\n");
    this.#latest = null;
  }

  #write(text: string): void {
    this.#shownMs = performance.now();
    this.#out.write(this.#out.isTTY === true ? `${CLEAR_LINE}${text}` : `${text}\n`);
  }
}
