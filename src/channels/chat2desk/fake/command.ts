import type { EchoStyle } from "./account.ts";
import type { OverLimitStyle } from "./answers.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { MessageContent } from "./hook-payload.ts";
import type { SendFault } from "./send-fault.ts";
import type { Disturbance } from "../../../fake-platform/courier.ts";

/**
 * Everything that can be told to the running platform, by `control()` in the process or by `POST /__control`.
 * `account` is a name or a token; null means all accounts for misbehaviour, and the only account for a message.
 */
export type Command =
  | ({
      readonly do: "say";
      readonly unordered: boolean;
      readonly content: MessageContent;
    } & Addressed)
  | ({
      readonly do: "operatorSays";
      readonly operatorId: string;
      readonly content: MessageContent;
    } & Addressed)
  | ({ readonly do: "transfer"; readonly operatorId: string | null } & Addressed)
  | ({ readonly do: "closeDialog" } & Addressed)
  | ({ readonly do: "closeRequest" } & Addressed)
  | { readonly do: "hook"; readonly account: string | null; readonly payload: JsonRecord }
  | ({ readonly do: "sends"; readonly fault: SendFault } & RuleTerms)
  | ({ readonly do: "webhooks"; readonly disturbance: Disturbance } & RuleTerms)
  | { readonly do: "echo"; readonly account: string | null; readonly echo: EchoStyle }
  | { readonly do: "overLimit"; readonly account: string | null; readonly style: OverLimitStyle }
  | { readonly do: "webhookUrl"; readonly account: string | null; readonly url: string }
  | { readonly do: "clear"; readonly account: string | null };

export type Addressed = { readonly account: string | null; readonly clientId: string };

/** When misbehaviour applies: to the next so many (null: until cleared), with a probability drawn by the seed. */
export type RuleTerms = {
  readonly account: string | null;
  readonly clientId: string | null;
  readonly hookType: string | null;
  readonly next: number | null;
  readonly probability: number;
  readonly seed: number;
};
