import { z } from "zod";
import { readKey } from "../tenants/keyring.ts";
import type { LogLevel } from "../platform/telemetry/logger.ts";
import type { DefaultOrigin } from "../tenants/default-origin.ts";

export const roles = ["web", "worker", "outbox", "cron", "all"] as const;
export type Role = (typeof roles)[number];

/** Everything the environment says, parsed once. Secrets are in `databaseUrl`, `redisUrl`, the keys and the origin's token: never print it. */
export type Config = {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly logLevel: LogLevel;
  readonly workerConcurrency: number;
  readonly sessionSilenceMs: number;
  readonly dialogSilenceMs: number;
  readonly deliveryDeadlineMs: number;
  /** Keys of credentials at rest, the one that seals first; none: they are stored readable. */
  readonly secretKeys: readonly Buffer[];
  /** Where the world reaches us, without a slash at its end; null when nobody has said. */
  readonly publicUrl: string | null;
  /** What the environment says about the default tenant's origin; null when no token is given. */
  readonly defaultOrigin: DefaultOrigin | null;
};

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly string[] };

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const isUnit = (text: string): text is keyof typeof unitsMs => Object.hasOwn(unitsMs, text);
const durationMsMax = 366 * 24 * unitsMs.h;

/** `<n>(ms|s|m|h)` as ms; NaN for anything else. */
function durationMs(text: string): number {
  const [, amount = "", unit = ""] = /^(\d{1,12})([a-z]+)$/.exec(text) ?? [];
  return isUnit(unit) ? Number(amount) * unitsMs[unit] : Number.NaN;
}

const duration = z
  .string()
  .transform(durationMs)
  .refine(
    (ms) => ms >= 1 && ms <= durationMsMax,
    "must be a duration such as 250ms, 30s, 20m or 24h, of 366 days at most",
  );

const rateCountMax = 1_000_000_000;
const rateWindowMsMax = 86_400_000;

/** `<count>/<n>(ms|s|m|h)`. */
const rate = z
  .string()
  .transform((text) => {
    const [, count = "", window = ""] = /^(\d{1,10})\/(\w+)$/.exec(text) ?? [];
    return { count: Number(count), windowMs: durationMs(window) };
  })
  .refine(
    ({ count, windowMs }) =>
      count >= 1 && count <= rateCountMax && windowMs >= 1 && windowMs <= rateWindowMsMax,
    `must be a rate such as 300/60s, of 1 to ${rateCountMax} messages in 1ms to 24h`,
  );

/** A whole number in plain digits. */
const whole = (min: number, max: number) =>
  z
    .string()
    .transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN))
    .refine(
      (value) => value >= min && value <= max,
      `must be a whole number from ${min} to ${max}`,
    );

const oneOf = <const Word extends string>(...words: readonly [Word, ...Word[]]) =>
  z.enum(words, { error: `must be one of ${words.join(", ")}` });

const url = (schemes: readonly string[], example: string) =>
  z
    .string({ error: `is required, e.g. ${example}` })
    .refine(
      (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol),
      `must be an address such as ${example}`,
    );

const secretKeys = z.string().transform((text, context) => {
  const keys = text.split(",").map((one) => readKey(one.trim()));
  const readable = keys.filter((key) => key !== null);
  if (readable.length === keys.length) return readable;
  const message = "must be keys of 32 bytes in hex or base64, separated by commas";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const schema = z.object({
  PUBLIC_URL: url(["http:", "https:"], "https://your.host")
    .refine((text) => !/[?#]/.test(text), "must have no query and no fragment")
    .optional(),
  HOOKDESK_SECRET_KEY: secretKeys.default([]),
  HOST: z
    .string()
    .regex(/^[\w.:-]{1,253}$/, "must be an address or a host name")
    .default("0.0.0.0"),
  PORT: whole(0, 65_535).default(3_000),
  DATABASE_URL: url(
    ["postgres:", "postgresql:"],
    "postgres://user:password@127.0.0.1:5432/hookdesk",
  ),
  REDIS_URL: url(["redis:", "rediss:"], "redis://127.0.0.1:6379"),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -")
    .default("hookdesk"),
  LOG_LEVEL: oneOf("error", "warn", "info", "debug", "silent").default("info"),
  WORKER_CONCURRENCY: whole(1, 64).default(2),
  SESSION_SILENCE: duration.default(20 * unitsMs.m),
  DIALOG_SILENCE: duration.default(24 * unitsMs.h),
  DELIVERY_DEADLINE: duration.default(24 * unitsMs.h),
  CHAT2DESK_API_URL: url(["http:", "https:"], "https://api.chat2desk.com")
    .refine((text) => !/[?#]/.test(text), "must have no query and no fragment")
    .default("https://api.chat2desk.com"),
  CHAT2DESK_API_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/, "must be the token alone, without spaces or line ends")
    .optional(),
  CHAT2DESK_SIGNATURE: oneOf("required", "optional").default("required"),
  CHAT2DESK_RATE_LIMIT: rate.default({ count: 300, windowMs: 60_000 }),
  CHAT2DESK_LANGUAGE: oneOf("en", "ru", "es").default("en"),
});

/** Parses the environment; all faults are reported at once, by the variable's name and never with its value. */
export function parseConfig(
  environment: Readonly<Record<string, string | undefined>>,
): ConfigResult {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success)
    return {
      ok: false,
      faults: parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`),
    };
  const env = parsed.data;
  return {
    ok: true,
    config: {
      host: env.HOST,
      port: env.PORT,
      databaseUrl: env.DATABASE_URL,
      redisUrl: env.REDIS_URL,
      redisPrefix: env.REDIS_PREFIX,
      logLevel: env.LOG_LEVEL,
      workerConcurrency: env.WORKER_CONCURRENCY,
      sessionSilenceMs: env.SESSION_SILENCE,
      dialogSilenceMs: env.DIALOG_SILENCE,
      deliveryDeadlineMs: env.DELIVERY_DEADLINE,
      secretKeys: env.HOOKDESK_SECRET_KEY,
      publicUrl: env.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
      defaultOrigin: defaultOriginOf(env),
    },
  };
}

function defaultOriginOf(env: z.infer<typeof schema>): DefaultOrigin | null {
  if (env.CHAT2DESK_API_TOKEN === undefined) return null;
  return {
    channel: "chat2desk",
    account: {
      apiUrl: env.CHAT2DESK_API_URL.replace(/\/+$/, ""),
      credentials: { token: env.CHAT2DESK_API_TOKEN, signature: env.CHAT2DESK_SIGNATURE },
    },
    language: env.CHAT2DESK_LANGUAGE,
    rate: env.CHAT2DESK_RATE_LIMIT,
  };
}
