import type { DialogStep, Language } from "../../../../src/dialog/dialog.ts";
import { orderDialog } from "../../../../src/dialog/flows/order/order.ts";
import type { OrderRun } from "../../../../src/dialog/flows/order/run.ts";

export const ADDRESS = "10 Main Street, Springfield";
export const PHONE = "+12025550123";
/** Four messages that lead from INITIAL to the summary. */
export const TO_CONFIRMATION = ["hello", ADDRESS, "+1 (202) 555-0123", "3"];

/** Sends the texts one second apart, the first at 1000 ms, and returns every step. */
export function talk(
  texts: readonly string[],
  language: Language = "en",
): readonly DialogStep<OrderRun>[] {
  const steps: DialogStep<OrderRun>[] = [];
  let run = orderDialog.initial;
  for (const [index, text] of texts.entries()) {
    const step = orderDialog.step(run, { text, at: 1000 * (index + 1) }, language);
    steps.push(step);
    run = step.run;
  }
  return steps;
}

/** The last step of a talk that starts with nothing. */
export function last(texts: readonly string[], language: Language = "en"): DialogStep<OrderRun> {
  const step = talk(texts, language).at(-1);
  if (step === undefined) throw new Error("a talk needs at least one text");
  return step;
}
