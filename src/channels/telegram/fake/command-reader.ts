import { CommandError } from "../../../fake-platform/command-error.ts";
import { isRecord, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import {
  readFlag,
  readNumber,
  readOptional,
  readText,
} from "../../../fake-platform/field-reader.ts";
import type { Addressed, Command, SentFile } from "./command.ts";
import { readTerms } from "./rule-terms.ts";
import type { SendFault } from "./send-fault.ts";
import type { WebhookDisturbance } from "./webhook-queues.ts";

const copiesMax = 20;

/** Reads the body of `POST /__control`; throws a CommandError that names the field at fault. */
export function readCommand(body: unknown): Command {
  if (!isRecord(body)) throw new CommandError("the body must be a JSON object");
  const bot = readOptional(body, "bot", readText);
  switch (body["do"]) {
    case "say":
      return sayOf(body);
    case "press":
      return {
        ...addressed(body),
        do: "press",
        data: readText(body, "data"),
        title: readOptional(body, "title", readText) ?? readText(body, "data"),
        messageId: readOptional(body, "messageId", readNumber) ?? 0,
      };
    case "edit":
      return { ...numbered(body), do: "edit", text: readText(body, "text") };
    case "react":
      return { ...numbered(body), do: "react", emoji: textsOf(body["emoji"]) };
    case "member":
      return { ...addressed(body), do: "member", status: readText(body, "status") };
    case "migrate":
      return { ...addressed(body), do: "migrate", to: wholeOf(body, "to") };
    case "update":
      return { do: "update", bot, kind: readText(body, "kind"), value: objectOf(body, "value") };
    case "webhook": {
      const secret = readOptional(body, "secret", readText) ?? "";
      return { do: "webhook", bot, url: readText(body, "url"), secret };
    }
    case "sends":
      return { ...readTerms(body), do: "sends", fault: faultOf(objectOf(body, "fault")) };
    case "webhooks": {
      const disturbance = disturbanceOf(objectOf(body, "disturbance"));
      return { ...readTerms(body), do: "webhooks", disturbance };
    }
    case "clear":
      return { do: "clear", bot };
    default:
      throw new CommandError(
        "do must be say, press, edit, react, member, migrate, update, webhook, sends, webhooks or clear",
      );
  }
}

function sayOf(body: JsonRecord): Command {
  return {
    ...addressed(body),
    do: "say",
    text: readOptional(body, "text", readText) ?? "",
    file: body["file"] === undefined ? null : fileOf(objectOf(body, "file")),
    fields: body["fields"] === undefined ? {} : objectOf(body, "fields"),
    as: readOptional(body, "as", readText) ?? "message",
  };
}

function fileOf(body: JsonRecord): SentFile {
  return {
    field: readText(body, "field"),
    name: readOptional(body, "name", readText) ?? "file",
    mimeType: readOptional(body, "mimeType", readText) ?? "application/octet-stream",
    bytes: Buffer.from(readText(body, "base64"), "base64"),
  };
}

function addressed(body: JsonRecord): Addressed {
  return {
    bot: readOptional(body, "bot", readText),
    chatId: wholeOf(body, "chatId"),
    from: readOptional(body, "from", wholeOf),
  };
}

function numbered(body: JsonRecord): Addressed & { readonly messageId: number } {
  return { ...addressed(body), messageId: wholeOf(body, "messageId") };
}

/** A whole number; a string of digits will do, because ids are often kept as text. */
function wholeOf(body: JsonRecord, name: string): number {
  const value = Number(body[name]);
  if (body[name] === "" || !Number.isSafeInteger(value))
    throw new CommandError(`${name} must be a whole number`);
  return value;
}

function textsOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new CommandError("emoji must be a list");
  return value.map(String);
}

function faultOf(body: JsonRecord): SendFault {
  const mode = body["mode"];
  switch (mode) {
    case "slow":
      return { mode, ms: readNumber(body, "ms") };
    case "hang":
      return { mode, accepted: readFlag(body, "accepted", false) };
    case "cut-before-reading":
    case "unauthorized":
    case "blocked":
      return { mode };
    case "cut-after-reading":
      return { mode, accepted: readFlag(body, "accepted", true) };
    case "error": {
      const status = readOptional(body, "status", readNumber) ?? 500;
      return { mode, status, accepted: readFlag(body, "accepted", false) };
    }
    case "throttle":
      return { mode, retryAfterS: readOptional(body, "retryAfterS", readNumber) ?? 1 };
    case "bad-request":
      return { mode, description: readText(body, "description") };
    default:
      throw new CommandError(
        "fault.mode must be slow, hang, cut-before-reading, cut-after-reading, error, throttle, unauthorized, blocked or bad-request",
      );
  }
}

function disturbanceOf(body: JsonRecord): WebhookDisturbance {
  const mode = body["mode"];
  switch (mode) {
    case "duplicate": {
      const copies = Math.min(copiesMax, readNumber(body, "copies"));
      return { mode, copies, spreadMs: readOptional(body, "spreadMs", readNumber) ?? 0 };
    }
    case "delay":
      return { mode, maxMs: readNumber(body, "maxMs") };
    default:
      throw new CommandError("disturbance.mode must be duplicate or delay");
  }
}

function objectOf(body: JsonRecord, name: string): JsonRecord {
  const value = body[name];
  if (!isRecord(value)) throw new CommandError(`${name} must be an object`);
  return value;
}
