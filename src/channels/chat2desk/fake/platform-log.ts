import { EventLog, type Logged } from "../../../fake-platform/event-log.ts";
import type { SentMessage } from "./sent-message.ts";

/** A call of `POST /v1/messages` reached the platform; a call cut before reading has `overLimit` false and takes no place. */
export type ArrivalEntry = {
  readonly kind: "arrival";
  readonly call: number;
  readonly overLimit: boolean;
  readonly cutBeforeReading: boolean;
};

/** The platform took the message: from here on the client sees it, whatever the caller is told. */
export type SendEntry = { readonly kind: "send"; readonly call: number } & SentMessage;

/** What the caller was told; `status` is null when the connection was cut or left hanging. */
export type AnswerEntry = {
  readonly kind: "answer";
  readonly call: number;
  readonly ending: "answered" | "cut" | "hung";
  readonly status: number | null;
  readonly accepted: boolean;
};

/** One POST to the webhook URL; `status` is null when no answer came. Times are the platform's monotonic ms. */
export type WebhookEntry = {
  readonly kind: "webhook";
  readonly delivery: number;
  readonly attempt: number;
  readonly copy: number;
  readonly hookType: string;
  readonly messageId: string | null;
  readonly clientId: string | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly startedMs: number;
};

export type LogFact = ArrivalEntry | SendEntry | AnswerEntry | WebhookEntry;

export type LogEntry = Logged<LogFact>;

/** Everything that happened on the platform. */
export class PlatformLog extends EventLog<LogFact> {}
