/*
 * The order dialog: it asks for address, phone and quantity, reads them back and places the order.
 *
 *   INITIAL
 *      | any message
 *      v
 *   WAITING_ADDRESS <-----------------+-----------------------+
 *      | address                      |                       |
 *      v                              |                       |
 *   WAITING_PHONE                     |                       |
 *      | phone                        |                       |
 *      v                              |                       |
 *   WAITING_QUANTITY                  |                       |
 *      | quantity                     | no (data cleared,     |
 *      v                              | same run)             |
 *   WAITING_CONFIRMATION -------------+                       |
 *      | yes: the order is placed                             |
 *      v                                                      |
 *   COMPLETED ------------------------------------------------+
 *                                       any message (new run)
 *
 * From every WAITING state "cancel" and 24 h of silence lead to INITIAL, "start over" ends the run
 * and begins another at WAITING_ADDRESS, and what cannot be used repeats the question. The tests
 * compare this list of all arrows with what the machine does:
 *
 *   INITIAL               -- any message --> WAITING_ADDRESS
 *   WAITING_ADDRESS       -- address --> WAITING_PHONE
 *   WAITING_ADDRESS       -- start over, anything else --> WAITING_ADDRESS
 *   WAITING_ADDRESS       -- cancel, expiry --> INITIAL
 *   WAITING_PHONE         -- phone --> WAITING_QUANTITY
 *   WAITING_PHONE         -- anything else --> WAITING_PHONE
 *   WAITING_PHONE         -- start over --> WAITING_ADDRESS
 *   WAITING_PHONE         -- cancel, expiry --> INITIAL
 *   WAITING_QUANTITY      -- quantity --> WAITING_CONFIRMATION
 *   WAITING_QUANTITY      -- anything else --> WAITING_QUANTITY
 *   WAITING_QUANTITY      -- start over --> WAITING_ADDRESS
 *   WAITING_QUANTITY      -- cancel, expiry --> INITIAL
 *   WAITING_CONFIRMATION  -- yes --> COMPLETED
 *   WAITING_CONFIRMATION  -- no, start over --> WAITING_ADDRESS
 *   WAITING_CONFIRMATION  -- anything else --> WAITING_CONFIRMATION
 *   WAITING_CONFIRMATION  -- cancel, expiry --> INITIAL
 *   COMPLETED             -- any message --> WAITING_ADDRESS
 *
 * Nothing is open in INITIAL and COMPLETED, so there even "cancel" only begins a run. The message
 * that begins a run is its first, but never its address. The message that says "start over" belongs
 * to the run it ends; the next one begins with no message. A finished run keeps no data: the order
 * has it.
 */
import type { Dialog, DialogInput, DialogStep, Language } from "../../dialog.ts";
import { readAddress } from "./address.ts";
import { type Answer, answerOf } from "./answer.ts";
import { readPhone } from "./phone.ts";
import { readQuantity } from "./quantity.ts";
import { isVisible } from "./reading.ts";
import { ending, idleRun, isOpen, newRun, type OpenRun, type OrderRun, placing } from "./run.ts";
import { english } from "./texts/en.ts";
import { spanish } from "./texts/es.ts";
import type { OrderFault, OrderTexts } from "./texts/order-texts.ts";
import { russian } from "./texts/ru.ts";

/** Re-exported because other modules import only this face. */
export type { OrderRun } from "./run.ts";

type OrderStep = DialogStep<OrderRun>;

/** The client's message with what it says, if it is an answer or a command. */
type Heard = DialogInput & { readonly answer: Answer | null };

const TEXTS: Readonly<Record<Language, OrderTexts>> = {
  en: english,
  ru: russian,
  es: spanish,
};

/**
 * The order dialog as the pipeline runs it: one reply per message, and no message makes it throw.
 */
export const orderDialog: Dialog<OrderRun> = {
  initial: idleRun(0),
  isOpen,
  step,
  expire: (run, at) =>
    isOpen(run)
      ? { run: idleRun(run.number), effects: ending(run, "expired", at) }
      : { run, effects: [] },
};

function step(run: OrderRun, input: DialogInput, language: Language): OrderStep {
  const texts = TEXTS[language];
  if (!isOpen(run)) {
    const begun = newRun({ number: run.number + 1, startedAt: input.at, messages: 1 });
    return asked(begun, texts, texts.greeting);
  }
  const counted = { ...run, messages: run.messages + 1 };
  const heard = { ...input, answer: answerOf(input.text) };
  switch (heard.answer) {
    case "cancel":
      return cancelled(counted, input.at, texts);
    case "start_over":
      return startedOver(counted, input.at, texts);
    default:
      return isVisible(input.text)
        ? answered(counted, heard, texts)
        : askedAgain(counted, "text_expected", texts);
  }
}

function answered(run: OpenRun, heard: Heard, texts: OrderTexts): OrderStep {
  switch (run.state) {
    case "WAITING_ADDRESS": {
      const address = readAddress(heard.text);
      if (!address.ok) return askedAgain(run, address.fault, texts);
      return asked({ ...run, state: "WAITING_PHONE", data: { address: address.value } }, texts);
    }
    case "WAITING_PHONE": {
      const phone = readPhone(heard.text);
      if (!phone.ok) return askedAgain(run, phone.fault, texts);
      const data = { ...run.data, phone: phone.value };
      return asked({ ...run, state: "WAITING_QUANTITY", data }, texts);
    }
    case "WAITING_QUANTITY": {
      const quantity = readQuantity(heard.text);
      if (!quantity.ok) return askedAgain(run, quantity.fault, texts);
      const data = { ...run.data, quantity: quantity.value };
      return asked({ ...run, state: "WAITING_CONFIRMATION", data }, texts);
    }
    case "WAITING_CONFIRMATION":
      if (heard.answer === "yes") return completed(run, heard.at, texts);
      if (heard.answer !== "no") return askedAgain(run, "answer_unclear", texts);
      return asked({ ...run, state: "WAITING_ADDRESS", data: {} }, texts, texts.correcting);
  }
}

function asked(run: OpenRun, texts: OrderTexts, opening?: string): OrderStep {
  const reply =
    opening === undefined ? question(run, texts) : `${opening}\n${question(run, texts)}`;
  return { run, reply, effects: [], understood: true, reason: null };
}

function askedAgain(run: OpenRun, fault: OrderFault, texts: OrderTexts): OrderStep {
  return { ...asked(run, texts, texts.faults[fault]), understood: false, reason: fault };
}

function question(run: OpenRun, texts: OrderTexts): string {
  switch (run.state) {
    case "WAITING_ADDRESS":
      return texts.askAddress;
    case "WAITING_PHONE":
      return texts.askPhone;
    case "WAITING_QUANTITY":
      return texts.askQuantity;
    case "WAITING_CONFIRMATION":
      return texts.askConfirmation(run.data);
  }
}

function completed(
  run: Extract<OpenRun, { readonly state: "WAITING_CONFIRMATION" }>,
  at: number,
  texts: OrderTexts,
): OrderStep {
  return {
    run: { ...run, state: "COMPLETED", data: {} },
    reply: texts.thanks,
    effects: placing(run, at),
    understood: true,
    reason: null,
  };
}

function cancelled(run: OpenRun, at: number, texts: OrderTexts): OrderStep {
  return {
    run: idleRun(run.number),
    reply: texts.cancelled,
    effects: ending(run, "cancelled", at),
    understood: true,
    reason: null,
  };
}

function startedOver(run: OpenRun, at: number, texts: OrderTexts): OrderStep {
  const next = newRun({ number: run.number + 1, startedAt: at, messages: 0 });
  return { ...asked(next, texts, texts.startedOver), effects: ending(run, "restarted", at) };
}
