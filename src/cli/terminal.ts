/** Where a command's words go. What is meant for programs and people alike goes `out`, remarks about it go to `note`. */
export type Terminal = {
  readonly out: (text: string | Uint8Array) => void;
  readonly note: (text: string) => void;
  /** Columns of the screen; null when the output is a file or another program, which gets every word. */
  readonly width: number | null;
  readonly colours: boolean;
};

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const;

export type Paint = keyof typeof codes;

/** Colours a text, on a screen that takes colours. */
export function paint(terminal: Pick<Terminal, "colours">, colour: Paint, text: string): string {
  const [on, off] = codes[colour];
  return terminal.colours ? `\u001B[${on}m${text}\u001B[${off}m` : text;
}

/** Control characters, and those that turn the direction of writing: what others wrote must not steer the reader's screen. */
const steering = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** A text of others on one line. */
export function plainLine(text: string): string {
  return text.replace(/\s+/g, " ").replace(steering, "\uFFFD");
}

/** A text of others on as many lines as it has. */
export function plainText(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .replace(steering, (found) => (/[\n\t]/.test(found) ? found : "\uFFFD"));
}

/** An instant for people: `2026-11-21 04:10:33`, in UTC as the column's title says. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** `1,234`. */
export function counted(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 event`, `1,234 events`. */
export function several(count: number, one: string, many = `${one}s`): string {
  return `${counted(count)} ${count === 1 ? one : many}`;
}
