import { EventLog, type Logged } from "../../../fake-platform/event-log.ts";

/** A call of a method that sends; `limited` names the window that had no place. */
export type ArrivalEntry = {
  readonly kind: "arrival";
  readonly call: number;
  readonly method: string;
  readonly chatId: number | null;
  readonly limited: string | null;
};

/** The platform took the message: from here on the chat shows it, whatever the caller is told. */
export type SendEntry = {
  readonly kind: "send";
  readonly call: number;
  readonly method: string;
  readonly chatId: number;
  readonly topicId: number | null;
  readonly businessId: string | null;
  readonly messageId: number;
  /** As it is shown: markup has been read. */
  readonly text: string;
  /** The file's address, coordinates, or a phone number. */
  readonly what: string | null;
  readonly buttons: readonly string[];
  readonly replyTo: number | null;
};

export type AnswerEntry = {
  readonly kind: "answer";
  readonly call: number;
  readonly method: string;
  readonly ending: "answered" | "cut" | "hung";
  readonly status: number | null;
  readonly accepted: boolean;
};

/** One POST to the webhook; `heldMs` is how long the update has waited for its chat's turn before its first POST. */
export type WebhookEntry = {
  readonly kind: "webhook";
  readonly updateId: number;
  readonly update: string;
  readonly queue: string;
  readonly attempt: number;
  readonly copy: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly startedMs: number;
  readonly heldMs: number;
};

/** A pressed button was answered, or what a method in a webhook's answer brought. */
export type PressAnswered = { readonly kind: "press_answered"; readonly id: string };

export type LogFact = ArrivalEntry | SendEntry | AnswerEntry | WebhookEntry | PressAnswered;
export type LogEntry = Logged<LogFact>;

/** Everything that happened on the platform. */
export class TelegramLog extends EventLog<LogFact> {}
