import type { AddressFault } from "../address.ts";
import type { PhoneFault } from "../phone.ts";
import type { QuantityFault } from "../quantity.ts";
import type { Order } from "../run.ts";

/** Why a question was asked again; these codes are what logs and `message_logs` show. */
export type OrderFault =
  | AddressFault
  | PhoneFault
  | QuantityFault
  | "answer_unclear"
  | "text_expected";

/**
 * All that the order dialog says in one language. Each `ask…` stands alone and says what is
 * expected; the other sentences are put in front of one. In English an `ask…` names its own subject
 * only (address, phone, quantity; yes in the confirmation), so that a script can tell the questions
 * apart.
 */
export type OrderTexts = {
  readonly greeting: string;
  readonly startedOver: string;
  readonly correcting: string;
  readonly askAddress: string;
  readonly askPhone: string;
  readonly askQuantity: string;
  readonly askConfirmation: (order: Order) => string;
  readonly thanks: string;
  readonly cancelled: string;
  readonly faults: Readonly<Record<OrderFault, string>>;
};
