import type { Answer } from "../../../fake-platform/http-front.ts";
import { errorAnswer, throttleAnswer, unauthorizedAnswer } from "./answers.ts";

/** What the platform can be told to do with a send; `accepted` says whether the chat shows the message all the same. */
export type SendFault =
  | { readonly mode: "slow"; readonly ms: number }
  | { readonly mode: "hang"; readonly accepted: boolean }
  | { readonly mode: "cut-before-reading" }
  | { readonly mode: "cut-after-reading"; readonly accepted: boolean }
  | { readonly mode: "error"; readonly status: number; readonly accepted: boolean }
  | { readonly mode: "throttle"; readonly retryAfterS: number }
  | { readonly mode: "unauthorized" }
  | { readonly mode: "blocked" }
  | { readonly mode: "bad-request"; readonly description: string };

/** How a call ends; `usual` means the answer that the platform gives without a fault. */
export type SendPlan = {
  readonly accepts: boolean;
  readonly delayMs: number;
  readonly ending: Answer | "usual" | "cut" | "hang";
};

/** Turns a fault (or none) into what is done. */
export function planSend(fault: SendFault | null): SendPlan {
  const refusing = (ending: Answer, accepts = false): SendPlan => ({ accepts, delayMs: 0, ending });
  if (fault === null) return { accepts: true, delayMs: 0, ending: "usual" };
  switch (fault.mode) {
    case "slow":
      return { accepts: true, delayMs: fault.ms, ending: "usual" };
    case "hang":
      return { accepts: fault.accepted, delayMs: 0, ending: "hang" };
    case "cut-before-reading":
      return { accepts: false, delayMs: 0, ending: "cut" };
    case "cut-after-reading":
      return { accepts: fault.accepted, delayMs: 0, ending: "cut" };
    case "error":
      return refusing(errorAnswer(fault.status, "Internal Server Error"), fault.accepted);
    case "throttle":
      return refusing(throttleAnswer(fault.retryAfterS));
    case "unauthorized":
      return refusing(unauthorizedAnswer);
    case "blocked":
      return refusing(errorAnswer(403, "Forbidden: bot was blocked by the user"));
    case "bad-request":
      return refusing(errorAnswer(400, `Bad Request: ${fault.description}`));
  }
}
