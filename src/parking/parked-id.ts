/** What can be parked: an event on its way in, or a delivery on its way out. */
export type ParkedKind = "event" | "delivery";

/** What an id says. `conversation` is the beginning of the conversation's id, in hexadecimal digits without dashes. */
export type ParkedName = {
  readonly kind: ParkedKind;
  readonly conversation: string;
  /** An event's journal id, a delivery's seq. */
  readonly number: string;
};

/** So many digits tell conversations apart in all but freak cases, and those are asked about. */
const digitsShown = 8;
const letters = { event: "e", delivery: "d" } as const;
const pattern = /^(?<letter>[ed])-(?<conversation>[0-9a-f]{8}[0-9a-f-]{0,28})-(?<number>\d{1,18})$/;

/** The id by which people name a piece of parked work, such as `e-3fa09c1e-1042`; `whole` writes the conversation in full. */
export function writeParkedId(name: ParkedName, whole = false): string {
  const digits = name.conversation.replaceAll("-", "");
  return `${letters[name.kind]}-${whole ? digits : digits.slice(0, digitsShown)}-${name.number}`;
}

/** Reads an id, with as many of the conversation's digits as are given; null when it is none. */
export function readParkedId(text: string): ParkedName | null {
  const { letter, conversation, number } = pattern.exec(text.toLowerCase())?.groups ?? {};
  if (letter === undefined || conversation === undefined || number === undefined) return null;
  const kind = letter === letters.event ? "event" : "delivery";
  return { kind, conversation: conversation.replaceAll("-", ""), number };
}
