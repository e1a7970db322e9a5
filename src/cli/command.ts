import { parseArgs } from "node:util";
import type { LedgerFilter } from "../ledger/ledger.ts";
import { type ParkedName, readParkedId } from "../parking/parked-id.ts";
import type { ParkedFilter } from "../parking/store.ts";
import { type HelpTopic, helpTexts } from "./help.ts";
import { BadUse } from "./bad-use.ts";
import { isOriginTopic, type OriginCommand, readOriginCommand } from "./origin-command.ts";
import { readSince } from "./since.ts";

/** What a command line asks for. */
export type Command =
  | { readonly type: "help"; readonly topic: HelpTopic }
  | {
      readonly type: "list";
      readonly filter: ParkedFilter;
      readonly limit: number;
      readonly json: boolean;
    }
  | {
      readonly type: "show";
      readonly name: ParkedName;
      readonly raw: boolean;
      readonly json: boolean;
    }
  | { readonly type: "replay"; readonly names: readonly ParkedName[]; readonly by: string | null }
  | { readonly type: "replay all"; readonly filter: ParkedFilter; readonly by: string | null }
  | {
      readonly type: "discard";
      readonly names: readonly ParkedName[];
      readonly why: string;
      readonly by: string | null;
    }
  | OriginCommand
  | { readonly type: "ledger"; readonly filter: LedgerFilter; readonly json: boolean };

const limitDefault = 100;
const limitMax = 10_000;
const idsMax = 1_000;
const wordsMax = 1_000;

const text: Option = { type: "string" };
const flag: Option = { type: "boolean" };
const filterOptions: Readonly<Record<string, Option>> = {
  events: flag,
  deliveries: flag,
  tenant: text,
  origin: text,
  since: text,
};
const options: Readonly<Record<HelpTopic, Readonly<Record<string, Option>>>> = {
  "": {},
  parked: {},
  "parked list": { ...filterOptions, limit: text, json: flag },
  "parked show": { raw: flag, json: flag },
  "parked replay": { ...filterOptions, all: flag, by: text },
  "parked discard": { why: text, by: text },
  ledger: { tenant: text, origin: text, json: flag },
  origins: {},
  "origins add": { key: text, tenant: text, language: text, rate: text, "api-url": text },
  "origins list": { tenant: text, origin: text, json: flag },
  "origins check": {},
  "origins enable": {},
  "origins disable": {},
  "origins rotate": {},
};

type Option = { readonly type: "string" | "boolean" };
/** No option may be given more than once with both kept, so none is a list. */
type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
type Given = {
  readonly topic: HelpTopic;
  readonly now: number;
  readonly words: readonly string[];
  readonly values: Values;
};

/** Reads a command line; `now` is what `--since 2h` counts from, ms. @throws BadUse */
export function readCommand(args: readonly string[], now: number): Command {
  const firstOption = args.findIndex((arg) => arg.startsWith("-"));
  const words = firstOption < 0 ? args : args.slice(0, firstOption);
  const topic = topicOf(words);
  if (args.includes("--help") || args.includes("-h") || words[0] === "help")
    return { type: "help", topic };
  if (topic === "" || topic === "parked" || topic === "origins") {
    if (words.join(" ") === topic) return { type: "help", topic };
    throw new BadUse(`There is no command "${words.join(" ")}".`, topic);
  }
  const given = parse(topic, args.slice(topic.split(" ").length), now);
  return isOriginTopic(topic) ? readOriginCommand(topic, given) : readers[topic](given);
}

/** The command that the first words name, or as much of it as there is. */
function topicOf(words: readonly string[]): HelpTopic {
  const [first = "", second = ""] = words[0] === "help" ? words.slice(1) : words;
  const both = `${first} ${second}`;
  if (isTopic(both)) return both;
  return isTopic(first) ? first : "";
}

function isTopic(name: string): name is HelpTopic {
  return Object.hasOwn(helpTexts, name);
}

function parse(topic: HelpTopic, args: readonly string[], now: number): Given {
  try {
    const parsed = parseArgs({
      args: [...args],
      options: options[topic],
      allowPositionals: true,
      strict: true,
    });
    return { topic, now, words: parsed.positionals, values: parsed.values };
  } catch (error) {
    throw new BadUse(error instanceof Error ? error.message : "The options cannot be read.", topic);
  }
}

const readers = {
  "parked list": (given: Given): Command => {
    refuseWords(given);
    return {
      type: "list",
      filter: filterOf(given),
      limit: limitOf(given),
      json: given.values["json"] === true,
    };
  },
  "parked show": (given: Given): Command => {
    const [name, ...others] = namesOf(given);
    if (name === undefined || others.length > 0) throw bad(given, "Name one id to show.");
    const { raw, json } = given.values;
    return { type: "show", name, raw: raw === true, json: json === true };
  },
  "parked replay": (given: Given): Command => {
    const by = wordsOf(given, "by");
    if (given.values["all"] === true) {
      refuseWords(given);
      return { type: "replay all", filter: filterOf(given), by };
    }
    if (Object.keys(filterOptions).some((name) => given.values[name] !== undefined))
      throw bad(given, "A filter goes with --all.");
    const names = namesOf(given);
    if (names.length === 0) throw bad(given, "Name the ids to replay, or say --all.");
    return { type: "replay", names, by };
  },
  "parked discard": (given: Given): Command => {
    const names = namesOf(given);
    if (names.length === 0) throw bad(given, "Name the ids to discard.");
    const why = wordsOf(given, "why");
    if (why === null) throw bad(given, "Say why with --why; it stays on record.");
    return { type: "discard", names, why, by: wordsOf(given, "by") };
  },
  ledger: (given: Given): Command => {
    refuseWords(given);
    return { type: "ledger", filter: placeOf(given), json: given.values["json"] === true };
  },
};

function bad(given: Given, message: string): BadUse {
  return new BadUse(message, given.topic);
}

function refuseWords(given: Given): void {
  const [word] = given.words;
  if (word !== undefined) throw bad(given, `"${word}" says nothing here.`);
}

function namesOf(given: Given): readonly ParkedName[] {
  if (given.words.length > idsMax) throw bad(given, `At most ${idsMax} ids at once.`);
  return given.words.map((word) => {
    const name = readParkedId(word);
    if (name === null) throw bad(given, `"${word}" is no id; "parked list" prints them.`);
    return name;
  });
}

function filterOf(given: Given): ParkedFilter {
  const { events, deliveries, since } = given.values;
  if (events === true && deliveries === true)
    throw bad(given, "--events and --deliveries leave nothing; without both, all is meant.");
  const from = typeof since === "string" ? readSince(since, given.now) : undefined;
  if (from === null)
    throw bad(given, "--since is a span such as 12h or a time such as 2026-11-21.");
  return {
    ...placeOf(given),
    ...(events === true ? { kind: "event" } : {}),
    ...(deliveries === true ? { kind: "delivery" } : {}),
    ...(from === undefined ? {} : { since: from }),
  };
}

function placeOf(given: Given): LedgerFilter {
  const [tenant, origin] = [wordsOf(given, "tenant"), wordsOf(given, "origin")];
  return { ...(tenant === null ? {} : { tenant }), ...(origin === null ? {} : { origin }) };
}

function limitOf(given: Given): number {
  const { limit } = given.values;
  if (typeof limit !== "string") return limitDefault;
  const number = /^\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (number >= 1 && number <= limitMax) return number;
  throw bad(given, `--limit is a number from 1 to ${limitMax}.`);
}

/** An option with words in it; null when it was not given. */
function wordsOf(given: Given, name: string): string | null {
  const value = given.values[name];
  if (typeof value !== "string") return null;
  const words = value.trim();
  if (words.length >= 1 && words.length <= wordsMax) return words;
  throw bad(given, `--${name} needs 1 to ${wordsMax} characters.`);
}
