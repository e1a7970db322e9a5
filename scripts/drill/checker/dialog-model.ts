import type { LineKind } from "../histories.ts";

/**
 * The order dialog as a client was promised it, written a second time and without looking at the first.
 *
 *   INITIAL, COMPLETED ── anything ──▶ WAITING_ADDRESS ── address (or a phone number: it is long enough) ──▶ WAITING_PHONE
 *     ── phone ──▶ WAITING_QUANTITY ── quantity ──▶ WAITING_CONFIRMATION ── yes ──▶ COMPLETED, with an order
 *   Everything else leaves the state as it is and repeats the question.
 */
export type ModelState = {
  readonly name:
    | "INITIAL"
    | "WAITING_ADDRESS"
    | "WAITING_PHONE"
    | "WAITING_QUANTITY"
    | "WAITING_CONFIRMATION"
    | "COMPLETED";
  readonly address: string;
  readonly phone: string;
  readonly quantity: string;
};

export type Line = { readonly kind: LineKind; readonly text: string };

export const modelStart: ModelState = { name: "INITIAL", address: "", phone: "", quantity: "" };

/** The state after a line. */
export function modelStep(state: ModelState, { kind, text }: Line): ModelState {
  switch (state.name) {
    case "INITIAL":
    case "COMPLETED":
      return { ...modelStart, name: "WAITING_ADDRESS" };
    case "WAITING_ADDRESS":
      return kind === "address" || kind === "phone"
        ? { ...state, name: "WAITING_PHONE", address: text }
        : state;
    case "WAITING_PHONE":
      return kind === "phone" ? { ...state, name: "WAITING_QUANTITY", phone: text } : state;
    case "WAITING_QUANTITY":
      return kind === "quantity"
        ? { ...state, name: "WAITING_CONFIRMATION", quantity: text }
        : state;
    case "WAITING_CONFIRMATION":
      return kind === "yes" ? { ...state, name: "COMPLETED" } : state;
  }
}

/** Whether a reply is what a client in this state was promised to read. */
export function replyFits({ name, address, phone, quantity }: ModelState, reply: string): boolean {
  switch (name) {
    case "INITIAL":
      return false;
    case "WAITING_ADDRESS":
      return /address/i.test(reply) && !/\byes\b/i.test(reply);
    case "WAITING_PHONE":
      return /phone/i.test(reply) && !/\byes\b/i.test(reply);
    case "WAITING_QUANTITY":
      return /quantity/i.test(reply) && !/\byes\b/i.test(reply);
    case "WAITING_CONFIRMATION":
      return [
        /\byes\b/i.test(reply),
        reply.includes(address),
        reply.includes(phone),
        reply.includes(`Quantity: ${quantity}`),
      ].every(Boolean);
    case "COMPLETED":
      return /thank/i.test(reply);
  }
}
