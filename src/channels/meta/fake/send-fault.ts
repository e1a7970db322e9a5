import type { Answer } from "../../../fake-platform/http-front.ts";
import { errorAnswer, type GraphFault } from "./answers.ts";

/**
 * What the platform can be told to do with a call to send. `accepted` says whether the client gets the message although the
 * caller is not told so.
 */
export type SendFault =
  | { readonly mode: "slow"; readonly ms: number }
  | { readonly mode: "hang"; readonly accepted: boolean }
  | { readonly mode: "cut-before-reading" }
  | { readonly mode: "cut-after-reading"; readonly accepted: boolean }
  | { readonly mode: "error"; readonly status: number; readonly accepted: boolean }
  | ({ readonly mode: "graph" } & GraphFault)
  | { readonly mode: "raw"; readonly answer: Answer; readonly accepted: boolean };

/** How a call ends; `usual` means the answer that the platform gives without a fault. */
export type SendPlan = {
  readonly accepts: boolean;
  readonly delayMs: number;
  readonly ending:
    | { readonly type: "usual" }
    | { readonly type: "answer"; readonly answer: Answer }
    | { readonly type: "cut" }
    | { readonly type: "hang" };
};

/** Turns a fault (or none) into what is done. */
export function planSend(fault: SendFault | null): SendPlan {
  if (fault === null) return { accepts: true, delayMs: 0, ending: { type: "usual" } };
  switch (fault.mode) {
    case "slow":
      return { accepts: true, delayMs: fault.ms, ending: { type: "usual" } };
    case "hang":
      return { accepts: fault.accepted, delayMs: 0, ending: { type: "hang" } };
    case "cut-before-reading":
      return { accepts: false, delayMs: 0, ending: { type: "cut" } };
    case "cut-after-reading":
      return { accepts: fault.accepted, delayMs: 0, ending: { type: "cut" } };
    case "error":
      return answering({ status: fault.status, body: "Service Unavailable" }, fault.accepted);
    case "graph":
      return answering(errorAnswer(fault));
    case "raw":
      return answering(fault.answer, fault.accepted);
  }
}

function answering(answer: Answer, accepts = false): SendPlan {
  return { accepts, delayMs: 0, ending: { type: "answer", answer } };
}
