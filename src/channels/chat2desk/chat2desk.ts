import { type Clock, systemClock } from "../../core/clock.ts";
import type { HttpClient } from "../../platform/http/client.ts";
import type { Channel } from "../channel.ts";
import { createOutcomeReader } from "./outcome.ts";
import { readHook } from "./read.ts";
import { sendMessage } from "./send.ts";
import { createVerify } from "./signature.ts";

/** Longest time one call to Chat2Desk may take, ms. */
const sendTimeoutMsDefault = 10_000;

export type Chat2DeskOptions = {
  readonly http: HttpClient;
  readonly sendTimeoutMs?: number;
  readonly clock?: Clock;
};

/** The adapter of Chat2Desk. One webhook is one event; sending is one call of `POST /v1/messages`. */
export function createChat2Desk(options: Chat2DeskOptions): Channel {
  const { http, sendTimeoutMs = sendTimeoutMsDefault, clock = systemClock } = options;
  const parts = { http, timeoutMs: sendTimeoutMs, outcomeOf: createOutcomeReader(clock) };
  return {
    name: "chat2desk",
    sendTimeoutMs,
    verify: createVerify(),
    read: readHook,
    send: (delivery, account) => sendMessage(delivery, account, parts),
  };
}
