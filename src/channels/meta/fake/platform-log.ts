import type { Posted } from "../../../fake-platform/courier.ts";
import { EventLog, type Logged } from "../../../fake-platform/event-log.ts";
import type { PieceSubject } from "./speech.ts";

/** A call to send reached the platform; one that was cut before reading has `overLimit` false and takes no place. */
export type ArrivalEntry = {
  readonly kind: "arrival";
  readonly call: number;
  readonly overLimit: boolean;
  readonly cutBeforeReading: boolean;
};

/** A message that a caller asked to send, as the platform reads it. */
export type SentMessage = {
  readonly client: { readonly value: string; readonly type: "string" };
  /** What kind of message it is: `text`, `image`, … `template`. */
  readonly says: string;
  readonly text: string;
  /** The address or id of a file, the coordinates `1.5,2.5` of a place, the number of a contact, the name of a template. */
  readonly what: string | null;
  readonly buttons: readonly string[];
  readonly replyTo: string | null;
  /** The caller's own id of it. */
  readonly externalId: string | null;
  readonly body: string;
};

/** A message that the platform took; `inTime` is false for one that comes too long after the client wrote. */
export type Taken = {
  readonly message: SentMessage;
  readonly messageId: string;
  readonly inTime: boolean;
};

/** The platform took the message: from here on the client sees it, whatever the caller is told. */
export type SendEntry = {
  readonly kind: "send";
  readonly call: number;
  readonly messageId: string;
  /** Says to simulated clients that it is for them. */
  readonly type: "to_client";
} & SentMessage;

/** What the caller was told; `status` is null when the connection was cut or left hanging. */
export type AnswerEntry = {
  readonly kind: "answer";
  readonly call: number;
  readonly ending: "answered" | "cut" | "hung";
  readonly status: number | null;
  readonly accepted: boolean;
};

/** One POST to the webhook's address; a batch is about its first piece, and says how many there are. */
export type WebhookEntry = {
  readonly kind: "webhook";
  readonly pieces: number;
} & PieceSubject &
  Posted;

export type LogFact = ArrivalEntry | SendEntry | AnswerEntry | WebhookEntry;

export type LogEntry = Logged<LogFact>;

/** Everything that happened on the platform. */
export class PlatformLog extends EventLog<LogFact> {}
