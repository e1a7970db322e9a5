import type { Credentials } from "../channels/account.ts";
import type { NewOrigin, OriginFilter } from "../tenants/registry.ts";
import { BadUse } from "./bad-use.ts";
import type { HelpTopic } from "./help.ts";

/** What a command line asks for about origins. */
export type OriginCommand =
  | {
      readonly type: "origins add";
      readonly wish: Omit<NewOrigin, "credentials">;
      /** Credentials as they were written: a value may name a file or what comes in. */
      readonly fields: Credentials;
    }
  | { readonly type: "origins list"; readonly filter: OriginFilter; readonly json: boolean }
  | { readonly type: "origins check"; readonly filter: OriginFilter }
  | { readonly type: "origins switch"; readonly filter: OriginFilter; readonly enabled: boolean }
  | {
      readonly type: "origins rotate";
      /** Null: every origin is sealed with the current key. */
      readonly filter: OriginFilter | null;
      readonly fields: Credentials;
    };

const topics = [
  "origins add",
  "origins list",
  "origins check",
  "origins enable",
  "origins disable",
  "origins rotate",
] as const satisfies readonly HelpTopic[];
type OriginTopic = (typeof topics)[number];

/** Whether a topic is one of those about origins that do something. */
export function isOriginTopic(topic: HelpTopic): topic is OriginTopic {
  return topics.some((one) => one === topic);
}

type Given = {
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
};

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const rateCountMax = 1_000_000_000;
const rateWindowMsMax = 86_400_000;

/** Reads the rest of a command line about origins. @throws BadUse */
export function readOriginCommand(topic: OriginTopic, given: Given): OriginCommand {
  switch (topic) {
    case "origins add":
      return addOf(given);
    case "origins list":
      return { type: topic, filter: filterOf(given), json: given.values["json"] === true };
    case "origins check": {
      const [origin] = given.words;
      return { type: topic, filter: origin === undefined ? {} : { origin } };
    }
    case "origins enable":
    case "origins disable":
      return {
        type: "origins switch",
        filter: { origin: theWord(given, topic) },
        enabled: topic === "origins enable",
      };
    case "origins rotate":
      return rotateOf(given);
  }
}

function addOf({ words, values }: Given): OriginCommand {
  const [channel, ...fields] = words;
  if (channel === undefined || channel.includes("="))
    throw new BadUse("Name the channel first, such as telegram.", "origins add");
  return {
    type: "origins add",
    wish: {
      channel,
      key: textOf(values["key"]) ?? "main",
      tenant: textOf(values["tenant"]) ?? "default",
      language: languageOf(textOf(values["language"]) ?? "en"),
      apiUrl: textOf(values["api-url"]),
      rate: rateOf(textOf(values["rate"])),
    },
    fields: fieldsOf(fields, "origins add"),
  };
}

function rotateOf({ words }: Given): OriginCommand {
  const [origin, ...fields] = words;
  if (origin === undefined) return { type: "origins rotate", filter: null, fields: {} };
  if (fields.length === 0)
    throw new BadUse("Say which credentials it has now, such as token=@file.", "origins rotate");
  return { type: "origins rotate", filter: { origin }, fields: fieldsOf(fields, "origins rotate") };
}

/** `name=value`, each name once. */
function fieldsOf(words: readonly string[], topic: HelpTopic): Credentials {
  const pairs = words.map((word) => {
    const [, name, value] = /^([a-z][a-z0-9-]{0,40})=(.*)$/s.exec(word) ?? [];
    // What does not look like a field may be a secret that was written without its name.
    if (name === undefined || value === undefined)
      throw new BadUse(
        "Credentials are written name=value, name=@file, or name=- for what comes in.",
        topic,
      );
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}

function filterOf({ values, words }: Given): OriginFilter {
  if (words.length > 0) throw new BadUse(`"${words[0]}" says nothing here.`, "origins list");
  const [tenant, origin] = [textOf(values["tenant"]), textOf(values["origin"])];
  return { ...(tenant === null ? {} : { tenant }), ...(origin === null ? {} : { origin }) };
}

function theWord({ words }: Given, topic: HelpTopic): string {
  const [word, ...others] = words;
  if (word === undefined || others.length > 0) throw new BadUse("Name one origin.", topic);
  return word;
}

function languageOf(text: string): string {
  if (["en", "ru", "es"].includes(text)) return text;
  throw new BadUse("--language is en, ru or es.", "origins add");
}

function rateOf(text: string | null): NewOrigin["rate"] {
  if (text === null) return null;
  const [, count, amount, unit = ""] = /^(\d{1,10})\/(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const rate = { count: Number(count), windowMs: Number(amount) * (unitsMs[unit] ?? 0) };
  const counted = rate.count >= 1 && rate.count <= rateCountMax;
  if (counted && rate.windowMs >= 1 && rate.windowMs <= rateWindowMsMax) return rate;
  throw new BadUse("--rate is a number of messages in a time, such as 30/1s.", "origins add");
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
