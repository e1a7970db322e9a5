import type { Histories } from "../histories.ts";
import { deliveredInOrder, deliveredOnce } from "./deliveries.ts";
import { dialogsFollowed } from "./dialogs.ts";
import { doorOpen } from "./door-open.ts";
import { effectsOnce } from "./effects-once.ts";
import { ledgerBalanced } from "./ledger-balanced.ts";
import { nothingLost } from "./nothing-lost.ts";
import { orderKept } from "./order-kept.ts";
import { poisonAlone } from "./poison-alone.ts";
import { nothingStuck, recoveredInTime } from "./recovery.ts";
import type { Check, Verdict } from "./verdict.ts";
import { waitObeyed, windowKept } from "./window.ts";

const checks: readonly Check[] = [
  nothingLost,
  effectsOnce,
  orderKept,
  dialogsFollowed,
  deliveredOnce,
  deliveredInOrder,
  windowKept,
  waitObeyed,
  nothingStuck,
  recoveredInTime,
  poisonAlone,
  doorOpen,
  ledgerBalanced,
];

/** All invariants over the histories of one run. Pure. */
export function check(histories: Histories): readonly Verdict[] {
  return checks.map((one) => one(histories));
}
