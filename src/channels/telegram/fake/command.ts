import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { RuleTerms } from "./rule-terms.ts";
import type { SendFault } from "./send-fault.ts";
import type { WebhookDisturbance } from "./webhook-queues.ts";

/** Who writes where: in a group somebody must be named, in a private chat it is the chat's own person. */
export type Addressed = {
  readonly bot: string | null;
  readonly chatId: number;
  readonly from: number | null;
};

/** A file that somebody sends: which field of the message it stands in, and its bytes. */
export type SentFile = {
  readonly field: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array;
};

/** Everything that can be told to the running platform, by `control()` in the process or by `POST /__control`. */
export type Command =
  | ({
      readonly do: "say";
      readonly text: string;
      readonly file: SentFile | null;
      /** More fields of the message, or others. */
      readonly fields: JsonRecord;
      /** The kind of update, `message` by itself. */
      readonly as: string;
    } & Addressed)
  | ({
      readonly do: "press";
      readonly data: string;
      readonly title: string;
      readonly messageId: number;
    } & Addressed)
  | ({ readonly do: "edit"; readonly messageId: number; readonly text: string } & Addressed)
  | ({
      readonly do: "react";
      readonly messageId: number;
      readonly emoji: readonly string[];
    } & Addressed)
  | ({ readonly do: "member"; readonly status: string } & Addressed)
  | ({ readonly do: "migrate"; readonly to: number } & Addressed)
  | {
      readonly do: "update";
      readonly bot: string | null;
      readonly kind: string;
      readonly value: JsonRecord;
    }
  | {
      readonly do: "webhook";
      readonly bot: string | null;
      readonly url: string;
      readonly secret: string;
    }
  | ({ readonly do: "sends"; readonly fault: SendFault } & RuleTerms)
  | ({ readonly do: "webhooks"; readonly disturbance: WebhookDisturbance } & RuleTerms)
  | { readonly do: "clear"; readonly bot: string | null };
