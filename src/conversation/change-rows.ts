import type { Effect } from "./effect.ts";

/** What happened to messages after they were written: the rows of `change_messages`. */
type ChangeEffect = Extract<
  Effect,
  { readonly type: "edit" | "deletion" | "reaction" | "receipt" }
>;
type Row = Readonly<Record<string, unknown>>;

/** Whether an effect changes messages that stand already. */
export function isChange(effect: Effect): effect is ChangeEffect {
  return (
    effect.type === "edit" ||
    effect.type === "deletion" ||
    effect.type === "reaction" ||
    effect.type === "receipt"
  );
}

/** The row of a change; `q` is the place that a message takes which was not known before. */
export function changeRow(effect: ChangeEffect, q: number): Row {
  switch (effect.type) {
    case "edit":
      return editRow(effect, q);
    case "deletion":
      return { what: "deletion", message: effect.messageId };
    case "reaction":
      return {
        what: "reaction",
        q,
        ev: effect.eventId,
        message: effect.messageId,
        sender: effect.sender.id,
        name: effect.sender.name,
        emoji: effect.emoji,
        at: effect.at,
      };
    case "receipt":
      return receiptRow(effect);
  }
}

function editRow(effect: Extract<ChangeEffect, { type: "edit" }>, q: number): Row {
  const { text, parts } = effect.content;
  return {
    what: "edit",
    q,
    ev: effect.eventId,
    ss: effect.session,
    author: effect.author,
    message: effect.messageId,
    tx: text,
    parts: parts.length === 0 ? null : parts,
    edited: effect.editedAt,
    at: effect.at,
  };
}

function receiptRow({ of, status, detail, at }: Extract<ChangeEffect, { type: "receipt" }>): Row {
  const whose = of.kind === "message" ? { message: of.messageId } : { until: of.at };
  return { what: "receipt", ...whose, status, detail, at };
}
