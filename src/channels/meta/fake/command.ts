import type { Disturbance } from "../../../fake-platform/courier.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { SendFault } from "./send-fault.ts";
import type { Speaker, Speech } from "./speech.ts";

/**
 * Everything that can be told to the running platform, by `control()` in the process or by `POST /__control`.
 * `account` is a name or a token; null means all accounts for misbehaviour, and the only account for a message.
 */
export type Command =
  | ({
      readonly do: "say";
      readonly by: Speaker;
      readonly unordered: boolean;
      readonly speech: Speech;
    } & Addressed)
  | ({
      readonly do: "fate";
      readonly messageId: string;
      readonly status: string;
      readonly code: number | null;
    } & Addressed)
  | { readonly do: "hook"; readonly account: string | null; readonly payload: JsonRecord }
  | { readonly do: "sends"; readonly fault: SendFault; readonly terms: RuleTerms }
  | { readonly do: "webhooks"; readonly disturbance: Disturbance; readonly terms: RuleTerms }
  | ({ readonly do: "forgetClient" } & Addressed)
  | { readonly do: "settings"; readonly account: string | null; readonly settings: Settings }
  | { readonly do: "clear"; readonly account: string | null };

export type Addressed = { readonly account: string | null; readonly clientId: string };

/** How accounts behave from now on; what is absent stays. Null forgets the callback, or the subscription, that was registered. */
export type Settings = {
  readonly statuses?: readonly string[];
  readonly echoes?: boolean;
  readonly batchMs?: number;
  readonly webhookUrl?: string;
  readonly callback?: string | null;
  /** Names of fields, joined by commas. */
  readonly subscribedFields?: string | null;
};

/** When misbehaviour applies: to the next so many (null: until cleared), with a probability drawn by the seed. */
export type RuleTerms = {
  readonly account: string | null;
  readonly clientId: string | null;
  readonly hookType: string | null;
  readonly next: number | null;
  readonly probability: number;
  readonly seed: number;
};
