/**
 * Words that a file may not use, because someone owns what they stand for, or because they have no place in the project.
 * Each says what to use instead.
 */
export type BannedWord = {
  readonly rule: "banned-word" | "undone" | "machine-path" | "registry-host" | "lockfile";
  readonly name: string;
  readonly pattern: RegExp;
  /** Code is what remains without comments and the insides of strings; text is the file as it is. */
  readonly within: "code" | "comments" | "text";
  /** The files in which the word is banned: paths from the project's root. */
  readonly where: RegExp;
  /** Files in which it is allowed all the same; a folder ends with `/`. */
  readonly owners: readonly string[];
  readonly instead: string;
};

const SRC = /^src\/.*\.ts$/;
const TESTS = /^tests\/.*\.ts$/;
const TYPESCRIPT = /\.ts$/;
const OTHER_TEXT = /^(?!package-lock\.json$).*(?<!\.ts)$/;
const ANYTHING = /^/;
const CLOCK = "src/core/clock.ts";
/** A fake platform stands for somebody else's server: its clock, timers and calls are its own. */
const FAKES = [
  "src/fake-platform/",
  "src/channels/chat2desk/fake/",
  "src/channels/meta/fake/",
  "src/channels/telegram/fake/",
] as const;

const inSource = { rule: "banned-word", within: "code", where: SRC } as const;
const inTests = { rule: "banned-word", within: "code", where: TESTS } as const;
const undone = {
  rule: "undone",
  name: "a note of work left undone",
  pattern: /\b(?:TODO|FIXME|XXX)\b/g,
  owners: [],
  instead: "do it now, or open an issue",
} as const;

const SOURCE_WORDS: readonly BannedWord[] = [
  {
    ...inSource,
    name: "Date.now",
    pattern: /\bDate\s*\.\s*now\b/g,
    owners: [CLOCK, ...FAKES],
    instead: "take a Clock (src/core/clock.ts) and ask it",
  },
  {
    ...inSource,
    name: "new Date()",
    pattern: /\bnew\s+Date\b\s*(?:\(\s*\)|(?!\s*\())|(?<!\bnew\s+|[.\w])Date\s*\(/g,
    owners: [CLOCK, ...FAKES],
    instead: "take a Clock (src/core/clock.ts) and ask it; new Date(ms) is fine",
  },
  {
    ...inSource,
    name: "performance.now",
    pattern: /\bperformance\s*\.\s*now\b/g,
    owners: [CLOCK, ...FAKES],
    instead: "use Clock.monotonic (src/core/clock.ts)",
  },
  {
    ...inSource,
    name: "Math.random",
    pattern: /\bMath\s*\.\s*random\b/g,
    owners: ["src/app/"],
    instead: "take the randomness as an argument, so that a test can choose it",
  },
  {
    ...inSource,
    name: "setTimeout",
    pattern: /\b(?:setTimeout|setInterval)\b|\bBun\s*\.\s*sleep(?:Sync)?\b/g,
    owners: ["src/core/deadline.ts", "src/core/service.ts", ...FAKES],
    instead: "use src/core/service.ts (periodic work) or src/core/deadline.ts (deadlines, pauses)",
  },
  {
    ...inSource,
    name: "process.env",
    pattern: /\b(?:process|Bun|import\.meta)\s*\.\s*env\b/g,
    owners: ["src/app/"],
    instead: "take the value as an option; src/app reads the environment",
  },
  {
    ...inSource,
    name: "console",
    pattern: /\bconsole\s*\./g,
    owners: [],
    instead: "take a logger (src/platform/telemetry)",
  },
  {
    ...inSource,
    name: "fetch",
    // A method called fetch, as in the options of Bun.serve, is a definition: a body or a return type follows it.
    pattern: /(?<![.\w])fetch\s*\((?!(?:[^()]|\([^()]*\))*\)\s*(?:\{|:\s*(?:Promise|Response)\b))/g,
    owners: ["src/platform/http/", ...FAKES],
    instead: "use the client of src/platform/http, which has a deadline",
  },
  {
    ...inSource,
    name: "an exemption from a check",
    within: "comments",
    pattern: /@ts-(?:ignore|expect-error|nocheck)|\bbiome-ignore/g,
    owners: [],
    instead: "change the code; no file is exempt",
  },
];

const TEST_WORDS: readonly BannedWord[] = [
  {
    ...inTests,
    name: "a focused or skipped test",
    pattern:
      /\b(?:test|it|describe)\s*\.\s*(?:only|skip|skipIf|todo|todoIf|if|failing)\b|\bx(?:test|it|describe)\s*\(/g,
    owners: [],
    instead: "every test runs, on every machine",
  },
  {
    ...inTests,
    name: "a sleep in a test",
    pattern:
      /\bBun\s*\.\s*sleep(?:Sync)?\b|\b(?:setTimeout|setInterval)\b|\bAtomics\s*\.\s*wait\b/g,
    owners: ["tests/support/"],
    instead: "wait on a signal, or poll a condition with the deadline of tests/support",
  },
];

const PROJECT_WORDS: readonly BannedWord[] = [
  { ...undone, within: "comments", where: TYPESCRIPT },
  { ...undone, within: "text", where: OTHER_TEXT },
  {
    rule: "machine-path",
    name: "a path of one machine",
    // A path inside a URL, below another folder or after a placeholder is none of a machine's.
    pattern: /(?<![\w./:)\]}<>$*-])(?:\/(?:work|root|home|Users)\/\w|[A-Z]:\\Users\\)/g,
    within: "text",
    where: ANYTHING,
    owners: [],
    instead: "build the path from the project's root",
  },
  {
    rule: "registry-host",
    name: "the address of a package registry",
    pattern:
      /\bregistry\.(?:npmjs|yarnpkg)\.\w+|\bnpm\.pkg\.github\b|https?:\/\/[\w.-]*(?:registry|artifactory|nexus|verdaccio|mirror)[\w.-]*/gi,
    within: "text",
    where: ANYTHING,
    owners: [],
    instead: "which registry to use is the installing person's choice",
  },
  {
    rule: "lockfile",
    name: '"resolved"',
    pattern: /"resolved"\s*:/g,
    within: "text",
    where: /^package-lock\.json$/,
    owners: [],
    instead: "install with omit-lockfile-registry-resolved=true, as .npmrc says",
  },
];

export const BANNED_WORDS: readonly BannedWord[] = [
  ...SOURCE_WORDS,
  ...TEST_WORDS,
  ...PROJECT_WORDS,
];

/** File and folder names that say nothing about what is inside. */
export const BANNED_NAMES: ReadonlySet<string> = new Set(
  ["util", "common", "helper", "type", "manager", "misc"].flatMap((name) => [name, `${name}s`]),
);
