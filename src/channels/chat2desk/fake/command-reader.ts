import { CommandError } from "../../../fake-platform/command-error.ts";
import type { Command, RuleTerms } from "./command.ts";
import { isRecord, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import {
  readChoice,
  readFlag,
  readId,
  readNumber,
  readOptional,
  readText,
} from "../../../fake-platform/field-reader.ts";
import type { MessageContent } from "./hook-payload.ts";
import type { SendFault } from "./send-fault.ts";
import type { Disturbance } from "../../../fake-platform/courier.ts";

const PROBABILITY_DEFAULT = 1;
const SEED_DEFAULT = 1;
const COPIES_MAX = 20;

/** Reads the body of `POST /__control`; throws a CommandError that names the field at fault. */
export function readCommand(body: unknown): Command {
  if (!isRecord(body)) throw new CommandError("the body must be a JSON object");
  const account = readOptional(body, "account", readText) ?? readOptional(body, "token", readText);
  switch (body["do"]) {
    case "say":
      return {
        ...addressed(body, account),
        do: "say",
        unordered: readFlag(body, "unordered", false),
        content: content(body),
      };
    case "operatorSays":
      return {
        ...addressed(body, account),
        do: "operatorSays",
        operatorId: readId(body, "operatorId"),
        content: content(body),
      };
    case "transfer":
      return {
        ...addressed(body, account),
        do: "transfer",
        operatorId: readOptional(body, "operatorId", readId),
      };
    case "closeDialog":
      return { ...addressed(body, account), do: "closeDialog" };
    case "closeRequest":
      return { ...addressed(body, account), do: "closeRequest" };
    case "hook":
      return { do: "hook", account, payload: readObject(body, "payload") };
    case "sends":
      return { ...ruleTerms(body, account), do: "sends", fault: fault(readObject(body, "fault")) };
    case "webhooks":
      return {
        ...ruleTerms(body, account),
        do: "webhooks",
        disturbance: disturbance(readObject(body, "disturbance")),
      };
    default:
      return readSetting(body, account);
  }
}

function readSetting(body: JsonRecord, account: string | null): Command {
  switch (body["do"]) {
    case "echo": {
      const when = readOptional(body, "when", (from, name) =>
        readChoice(from, name, ["before", "during", "after"]),
      );
      const operatorId = readOptional(body, "operatorId", readId);
      return {
        do: "echo",
        account,
        echo: { enabled: readFlag(body, "enabled", true), when: when ?? "after", operatorId },
      };
    }
    case "overLimit":
      return { do: "overLimit", account, style: overLimitStyle(body) };
    case "webhookUrl":
      return { do: "webhookUrl", account, url: readText(body, "url") };
    case "clear":
      return { do: "clear", account };
    default:
      throw new CommandError(
        "do must be say, operatorSays, transfer, closeDialog, closeRequest, hook, sends, webhooks, webhookUrl, echo, overLimit or clear",
      );
  }
}

function addressed(body: JsonRecord, account: string | null) {
  return { account, clientId: readId(body, "clientId") };
}

function content(body: JsonRecord): MessageContent {
  const media = ["text", "photo", "audio", "video", "pdf", "coordinates"] as const;
  const texts = media.map((name) => [name, readOptional(body, name, readText)] as const);
  const attachments = body["attachments"];
  return {
    ...Object.fromEntries(texts.filter(([, value]) => value !== null)),
    ...(Array.isArray(attachments) ? { attachments: attachments.map(attachment) } : {}),
    ...(body["fields"] === undefined ? {} : { fields: readObject(body, "fields") }),
  };
}

function attachment(value: unknown): { readonly name: string; readonly link: string } {
  if (!isRecord(value)) throw new CommandError("attachments must be objects with name and link");
  return { name: readText(value, "name"), link: readText(value, "link") };
}

function ruleTerms(body: JsonRecord, account: string | null): RuleTerms {
  return {
    account,
    clientId: readOptional(body, "clientId", readId),
    hookType: readOptional(body, "hookType", readText),
    next: readOptional(body, "next", readNumber),
    probability: readOptional(body, "probability", readNumber) ?? PROBABILITY_DEFAULT,
    seed: readOptional(body, "seed", readNumber) ?? SEED_DEFAULT,
  };
}

function fault(body: JsonRecord): SendFault {
  const status = (usual: number) => readOptional(body, "status", readNumber) ?? usual;
  const mode = body["mode"];
  switch (mode) {
    case "slow":
      return { mode, ms: readNumber(body, "ms") };
    case "hang":
      return { mode, accepted: readFlag(body, "accepted", false) };
    case "cut-before-reading":
      return { mode };
    case "cut-after-reading":
      return { mode, accepted: readFlag(body, "accepted", true) };
    case "error":
      return { mode, status: status(500), accepted: readFlag(body, "accepted", false) };
    case "quota":
    case "wrong-token":
      return { mode, status: status(403) };
    case "bad-request":
      return { mode, status: status(400) };
    case "throttle":
      return { mode, ...overLimitStyle(body) };
    case "raw":
      return {
        mode,
        answer: { status: status(200), body: readText(body, "body") },
        accepted: readFlag(body, "accepted", false),
      };
    default:
      throw new CommandError(
        "fault.mode must be slow, hang, cut-before-reading, cut-after-reading, error, quota, wrong-token, bad-request, throttle or raw",
      );
  }
}

function overLimitStyle(body: JsonRecord) {
  const as = readOptional(body, "as", (from, name) => readChoice(from, name, ["429", "body"]));
  return { as: as ?? "429", retryAfter: readOptional(body, "retryAfter", readId) } as const;
}

function disturbance(body: JsonRecord): Disturbance {
  const mode = body["mode"];
  switch (mode) {
    case "duplicate": {
      const copies = Math.min(COPIES_MAX, readNumber(body, "copies"));
      return { mode, copies, spreadMs: readOptional(body, "spreadMs", readNumber) ?? 0 };
    }
    case "delay":
      return { mode, maxMs: readNumber(body, "maxMs") };
    default:
      throw new CommandError("disturbance.mode must be duplicate or delay");
  }
}

function readObject(body: JsonRecord, name: string): JsonRecord {
  const value = body[name];
  if (!isRecord(value)) throw new CommandError(`${name} must be an object`);
  return value;
}
