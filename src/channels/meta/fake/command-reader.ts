import { CommandError } from "../../../fake-platform/command-error.ts";
import type { Disturbance } from "../../../fake-platform/courier.ts";
import { isRecord, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import {
  readChoice,
  readFlag,
  readId,
  readNumber,
  readOptional,
  readText,
} from "../../../fake-platform/field-reader.ts";
import type { Addressed, Command, RuleTerms, Settings } from "./command.ts";
import type { SendFault } from "./send-fault.ts";
import { recordOf } from "./send-reading.ts";
import type { Speech } from "./speech.ts";

const COPIES_MAX = 20;

/** Reads the body of `POST /__control`; throws a CommandError that names the field at fault. */
export function readCommand(body: unknown): Command {
  if (!isRecord(body)) throw new CommandError("the body must be a JSON object");
  const account = readOptional(body, "account", readText);
  switch (body["do"]) {
    case "say": {
      const by = readOptional(body, "by", (from, name) =>
        readChoice(from, name, ["client", "business", "standby"]),
      );
      const unordered = readFlag(body, "unordered", false);
      const speech = speechOf(body);
      return { ...addressed(body, account), do: "say", by: by ?? "client", unordered, speech };
    }
    case "fate": {
      const [messageId, status] = [readId(body, "messageId"), readText(body, "status")];
      const code = readOptional(body, "code", readNumber);
      return { ...addressed(body, account), do: "fate", messageId, status, code };
    }
    case "hook":
      return { do: "hook", account, payload: objectOf(body, "payload") };
    case "sends":
      return {
        do: "sends",
        fault: faultOf(objectOf(body, "fault")),
        terms: termsOf(body, account),
      };
    case "webhooks": {
      const disturbance = disturbanceOf(objectOf(body, "disturbance"));
      return { do: "webhooks", disturbance, terms: termsOf(body, account) };
    }
    case "forgetClient":
      return { ...addressed(body, account), do: "forgetClient" };
    case "settings":
      return { do: "settings", account, settings: settingsOf(body) };
    case "clear":
      return { do: "clear", account };
    default:
      throw new CommandError(
        "do must be say, fate, hook, sends, webhooks, forgetClient, settings or clear",
      );
  }
}

function addressed(body: JsonRecord, account: string | null): Addressed {
  return { account, clientId: readId(body, "clientId") };
}

const words = [
  ...["text", "photo", "video", "audio", "voice", "file", "sticker"],
  ...["replyTo", "revoke", "group"],
] as const;

function speechOf(body: JsonRecord): Speech {
  const said = words
    .map((name) => [name, readOptional(body, name, readText)] as const)
    .filter(([, value]) => value !== null);
  const { location, contact, press, reaction, edit, fields } = body;
  return {
    ...Object.fromEntries(said),
    ...(location === undefined ? {} : { location: pointOf(recordOf(location)) }),
    ...(contact === undefined ? {} : { contact: textsOf(recordOf(contact), "name", "phone") }),
    ...(press === undefined ? {} : { press: pressOf(recordOf(press)) }),
    ...(reaction === undefined ? {} : { reaction: textsOf(recordOf(reaction), "of", "emoji") }),
    ...(edit === undefined ? {} : { edit: textsOf(recordOf(edit), "of", "text") }),
    ...(fields === undefined ? {} : { fields: objectOf(body, "fields") }),
    unsupported: readFlag(body, "unsupported", false),
  };
}

function pointOf(location: JsonRecord) {
  const [latitude, longitude] = [location["latitude"], location["longitude"]];
  if (typeof latitude !== "number" || typeof longitude !== "number")
    throw new CommandError("location must have latitude and longitude");
  return { latitude, longitude };
}

function pressOf(press: JsonRecord) {
  return { ...textsOf(press, "title", "data"), of: readOptional(press, "of", readText) };
}

function textsOf<const One extends string, const Other extends string>(
  body: JsonRecord,
  one: One,
  other: Other,
): Readonly<Record<One | Other, string>> {
  const read = { [one]: readText(body, one), [other]: readText(body, other) };
  return read as Record<One | Other, string>;
}

function termsOf(body: JsonRecord, account: string | null): RuleTerms {
  return {
    account,
    clientId: readOptional(body, "clientId", readId),
    hookType: readOptional(body, "hookType", readText),
    next: readOptional(body, "next", readNumber),
    probability: readOptional(body, "probability", readNumber) ?? 1,
    seed: readOptional(body, "seed", readNumber) ?? 1,
  };
}

function faultOf(body: JsonRecord): SendFault {
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
      return { mode, status: status(503), accepted: readFlag(body, "accepted", false) };
    case "graph": {
      const subcode = readOptional(body, "subcode", readNumber);
      const retryAfter = readOptional(body, "retryAfter", readId);
      return { mode, code: readNumber(body, "code"), subcode, retryAfter, status: status(400) };
    }
    case "raw": {
      const answer = { status: status(200), body: readText(body, "body") };
      return { mode, answer, accepted: readFlag(body, "accepted", false) };
    }
    default:
      throw new CommandError(
        "fault.mode must be slow, hang, cut-before-reading, cut-after-reading, error, graph or raw",
      );
  }
}

function disturbanceOf(body: JsonRecord): Disturbance {
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

function settingsOf(body: JsonRecord): Settings {
  const { statuses, echoes, batchMs, webhookUrl, callback, subscribedFields } = body;
  return {
    ...(Array.isArray(statuses) ? { statuses: statuses.map(String) } : {}),
    ...(echoes === undefined ? {} : { echoes: readFlag(body, "echoes", true) }),
    ...(batchMs === undefined ? {} : { batchMs: readNumber(body, "batchMs") }),
    ...(webhookUrl === undefined ? {} : { webhookUrl: readText(body, "webhookUrl") }),
    ...(callback === undefined ? {} : { callback: readOptional(body, "callback", readText) }),
    ...(subscribedFields === undefined
      ? {}
      : { subscribedFields: readOptional(body, "subscribedFields", readText) }),
  };
}

function objectOf(body: JsonRecord, name: string): JsonRecord {
  const value = body[name];
  if (!isRecord(value)) throw new CommandError(`${name} must be an object`);
  return value;
}
