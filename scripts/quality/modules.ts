/**
 * The module table: which folder of `src` may import which. Imports go one way, so that a change stays where it is made.
 *
 * A key is a folder under `src` (its subfolders belong to it unless they have a row of their own); `*` as the last part
 * stands for each folder there. An entry is a module, `<folder>/*` for all modules there, a single file of a module
 * (`conversation/post.ts`: only that face of it), or `*` for everything. Upstream is reached by a job, never by an import.
 */
export type ModuleTable = {
  readonly mayImport: Readonly<Record<string, readonly string[]>>;
  /** A package of others has one owner, so that changing it touches one folder. */
  readonly vendors: Readonly<Record<string, readonly string[]>>;
  /** The module that puts everything together: the only one that names adapters. */
  readonly composition: string;
  /** The only files that may import the composition, which are also the program's entries. */
  readonly entries: readonly string[];
  /** The folder whose subfolders are adapters; they know neither each other nor the pipeline. */
  readonly adapters: string;
};

export const MODULES: ModuleTable = {
  composition: "app",
  entries: ["src/main.ts", "src/cli/main.ts"],
  adapters: "channels",
  mayImport: {
    core: [],
    message: ["core"],

    "platform/telemetry": ["core"],
    "platform/watchdog": ["core", "platform/telemetry"],
    "platform/http": ["core", "platform/telemetry"],
    "platform/postgres": ["core", "platform/telemetry"],
    "platform/storage": ["core"],
    "platform/redis": ["core", "platform/telemetry"],
    "platform/queue": ["core", "platform/telemetry", "platform/redis"],

    channels: ["core", "message"],
    "channels/chat2desk": ["core", "message", "channels", "platform/http"],
    "channels/chat2desk/fake": ["core", "fake-platform"],
    "channels/meta": ["core", "message", "channels", "platform/http"],
    "channels/meta/fake": ["core", "fake-platform"],
    "channels/telegram": ["core", "message", "channels", "platform/http"],
    "channels/telegram/fake": ["core", "fake-platform"],
    "fake-platform": ["core"],

    dialog: ["core", "message"],
    "dialog/flows/*": ["core", "message", "dialog"],
    sessions: ["core", "message"],
    tenants: ["core", "channels", "dialog", "platform/postgres", "platform/telemetry"],

    journal: ["core", "message", "channels", "platform/*", "tenants"],
    lane: ["core", "platform/*"],
    conversation: [
      "core",
      "message",
      "platform/*",
      "channels",
      "dialog",
      "sessions",
      "tenants",
      "journal",
      "lane",
    ],
    ingress: ["core", "message", "platform/*", "channels", "tenants", "journal", "lane"],
    outbox: ["core", "message", "platform/*", "channels", "tenants"],
    media: ["core", "platform/*", "channels", "tenants"],
    health: ["core", "platform/*"],

    parking: ["core", "platform/postgres"],
    ledger: ["core", "platform/postgres"],
    cli: ["core", "channels", "parking", "ledger", "tenants"],

    app: ["*"],
  },
  vendors: {
    bull: ["platform/queue"],
    // Bull's connections are made by its own rules, so its module makes them itself.
    ioredis: ["platform/redis", "platform/queue"],
    pg: ["platform/postgres"],
    axios: ["platform/http"],
    "request-filtering-agent": ["platform/http"],
    "file-type": ["media"],
    winston: ["platform/telemetry"],
    "prom-client": ["platform/telemetry"],
    // Types alone.
    "@grammyjs/types": ["channels/telegram", "channels/telegram/fake"],
    "libphonenumber-js": ["dialog", "dialog/flows/*"],
    zod: ["platform/*", "channels/*", "tenants", "ingress", "conversation", "outbox", "app"],
  },
};
