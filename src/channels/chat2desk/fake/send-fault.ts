import {
  errorAnswer,
  type OverLimitStyle,
  overLimitAnswer,
  QUOTA_MESSAGE,
  TOKEN_MESSAGE,
} from "./answers.ts";
import type { Answer } from "../../../fake-platform/http-front.ts";

/**
 * What the platform can be told to do with a call of `POST /v1/messages`. `accepted` says whether the client gets the
 * message although the caller is not told so.
 */
export type SendFault =
  | { readonly mode: "slow"; readonly ms: number }
  | { readonly mode: "hang"; readonly accepted: boolean }
  | { readonly mode: "cut-before-reading" }
  | { readonly mode: "cut-after-reading"; readonly accepted: boolean }
  | { readonly mode: "error"; readonly status: number; readonly accepted: boolean }
  | { readonly mode: "quota"; readonly status: number }
  | { readonly mode: "wrong-token"; readonly status: number }
  | { readonly mode: "bad-request"; readonly status: number }
  | ({ readonly mode: "throttle" } & OverLimitStyle)
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

/** Said in a throttle without a time of its own when the style asks for one. */
const STORM_RETRY_AFTER_MS = 1_000;

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
      return answering(errorAnswer(fault.status, "Internal Server Error"), fault.accepted);
    case "quota":
      return answering(errorAnswer(fault.status, QUOTA_MESSAGE));
    case "wrong-token":
      return answering(errorAnswer(fault.status, TOKEN_MESSAGE));
    case "bad-request":
      return answering(errorAnswer(fault.status, "bad client_id", "client_id"));
    case "throttle":
      return answering(overLimitAnswer(fault, STORM_RETRY_AFTER_MS));
    case "raw":
      return answering(fault.answer, fault.accepted);
  }
}

function answering(answer: Answer, accepts = false): SendPlan {
  return { accepts, delayMs: 0, ending: { type: "answer", answer } };
}
