import { describe, expect, test } from "bun:test";
import { type Config, parseConfig } from "../../../src/app/config.ts";

const needed = {
  DATABASE_URL: "postgres://owner:secret-one@127.0.0.1:5432/hookdesk",
  REDIS_URL: "redis://:secret-two@127.0.0.1:6379",
};

function configOf(environment: Readonly<Record<string, string>>): Config {
  const parsed = parseConfig({ ...needed, ...environment });
  if (!parsed.ok) throw new Error(parsed.faults.join("; "));
  return parsed.config;
}

function faultsOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const parsed = parseConfig(environment);
  return parsed.ok ? [] : parsed.faults;
}

describe("the environment", () => {
  test("two addresses are enough, everything else has a default", () => {
    const config = configOf({});
    expect(config.port).toBe(3_000);
    expect(config.host).toBe("0.0.0.0");
    expect(config.logLevel).toBe("info");
    expect(config.defaultOrigin).toBeNull();
    expect(config.journalDays).toBe(0);
  });

  test("all faults are reported at once, each by the name of its variable", () => {
    const faults = faultsOf({
      PORT: "70000",
      REDIS_URL: "http://127.0.0.1",
      LOG_LEVEL: "loud",
      WORKER_CONCURRENCY: "0",
      CHAT2DESK_RATE_LIMIT: "often",
      SESSION_SILENCE: "20",
      CHAT2DESK_SIGNATURE: "maybe",
      JOURNAL_DAYS: "-1",
    });
    const names = faults.map((fault) => fault.split(" ")[0] ?? "");
    expect(names.toSorted()).toEqual([
      "CHAT2DESK_RATE_LIMIT",
      "CHAT2DESK_SIGNATURE",
      "DATABASE_URL",
      "JOURNAL_DAYS",
      "LOG_LEVEL",
      "PORT",
      "REDIS_URL",
      "SESSION_SILENCE",
      "WORKER_CONCURRENCY",
    ]);
  });

  test("no fault repeats a value, because it may be a secret in the wrong place", () => {
    const canary = "canary-7c1e";
    const faults = faultsOf(
      Object.fromEntries(
        [
          "PORT",
          "HOST",
          "DATABASE_URL",
          "REDIS_URL",
          "REDIS_PREFIX",
          "LOG_LEVEL",
          "WORKER_CONCURRENCY",
          "SESSION_SILENCE",
          "DIALOG_SILENCE",
          "DELIVERY_DEADLINE",
          "JOURNAL_DAYS",
          "CHAT2DESK_API_URL",
          "CHAT2DESK_API_TOKEN",
          "CHAT2DESK_SIGNATURE",
          "CHAT2DESK_RATE_LIMIT",
          "CHAT2DESK_LANGUAGE",
          "HOOKDESK_URL",
          "MEDIA_BYTES_MAX",
          "MEDIA_ALLOW_ADDRESSES",
          "MEDIA_S3_BUCKET",
          "MEDIA_S3_ENDPOINT",
          "MEDIA_S3_REGION",
          "MEDIA_S3_ACCESS_KEY_ID",
          "MEDIA_S3_SECRET_ACCESS_KEY",
        ].map((name) => [name, `${canary} ${name}`]),
      ),
    );
    expect(faults.length).toBeGreaterThan(10);
    expect(faults.join("\n")).not.toContain(canary);
  });

  test("a variable that is set to nothing is one that is not set", () => {
    expect(configOf({ PORT: "", CHAT2DESK_API_TOKEN: "" }).port).toBe(3_000);
    expect(faultsOf({ ...needed, DATABASE_URL: "" })).toHaveLength(1);
  });

  test.each([
    ["300/60s", 300, 60_000],
    ["1/250ms", 1, 250],
    ["5/2m", 5, 120_000],
    ["1000000000/24h", 1_000_000_000, 86_400_000],
  ])("a rate of %s is understood", (text, count, windowMs) => {
    const config = configOf({ CHAT2DESK_API_TOKEN: "t", CHAT2DESK_RATE_LIMIT: text });
    expect(config.defaultOrigin?.rate).toEqual({ count, windowMs });
  });

  test.each([
    "0/60s",
    "1000000001/60s",
    "300/0s",
    "300/25h",
    "300/60",
    "300",
    "-1/1s",
    "1.5/1s",
    "300/60s ",
  ])("a rate of %p is a fault", (text) => {
    expect(faultsOf({ ...needed, CHAT2DESK_RATE_LIMIT: text })).toHaveLength(1);
  });

  test.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["20m", 1_200_000],
    ["24h", 86_400_000],
  ])("a duration of %s is understood", (text, ms) => {
    expect(configOf({ SESSION_SILENCE: text }).sessionSilenceMs).toBe(ms);
  });

  test.each(["0s", "5", "5d", "1000000h", "-1s", "1e3ms", " "])(
    "a duration of %p is a fault",
    (text) => {
      expect(faultsOf({ ...needed, DIALOG_SILENCE: text })).toHaveLength(1);
    },
  );

  test.each(["0x50", "8080.5", "-1", "65536", " ", "3000 "])("a port of %p is a fault", (text) => {
    expect(faultsOf({ ...needed, PORT: text })).toHaveLength(1);
  });

  test("an address of the API may end with a slash, but has no query", () => {
    const token = { CHAT2DESK_API_TOKEN: "t" };
    const config = configOf({ ...token, CHAT2DESK_API_URL: "https://api.example.com/base/" });
    expect(config.defaultOrigin?.account.apiUrl).toBe("https://api.example.com/base");
    expect(faultsOf({ ...needed, CHAT2DESK_API_URL: "https://api.example.com/?a=1" })).toHaveLength(
      1,
    );
  });

  test("files are kept in a folder of the installation unless a bucket is named", () => {
    expect(configOf({}).media).toMatchObject({
      storage: { type: "disk", folder: expect.stringContaining("media") },
      bytesMax: 104_857_600,
      allowAddresses: [],
    });
    expect(configOf({ MEDIA_DIR: "/srv/media", MEDIA_BYTES_MAX: "1000" }).media).toMatchObject({
      storage: { type: "disk", folder: "/srv/media" },
      bytesMax: 1_000,
    });
    const bucket = {
      MEDIA_S3_BUCKET: "media",
      MEDIA_S3_ENDPOINT: "https://s3.example.com",
      MEDIA_S3_ACCESS_KEY_ID: "id",
      MEDIA_S3_SECRET_ACCESS_KEY: "key",
    };
    expect(configOf(bucket).media.storage).toMatchObject({ type: "s3" });
  });

  test("a bucket without its keys is a fault, and so are keys without a bucket", () => {
    expect(faultsOf({ ...needed, MEDIA_S3_BUCKET: "media" })).toHaveLength(3);
    expect(faultsOf({ ...needed, MEDIA_S3_ENDPOINT: "https://s3.example.com" })).toHaveLength(1);
  });

  test.each(["10.0.0.0/8", "localhost", "127.0.0.1,", "127.0.0.1 ::1"])(
    "%p is no list of addresses from which files may be fetched",
    (addresses) => {
      expect(faultsOf({ ...needed, MEDIA_ALLOW_ADDRESSES: addresses })).toHaveLength(1);
    },
  );

  test("the world's address of the installation may end with a slash", () => {
    expect(configOf({}).publicUrl).toBeNull();
    const { publicUrl } = configOf({ HOOKDESK_URL: "https://desk.example.com/in/" });
    expect(publicUrl).toBe("https://desk.example.com/in");
  });

  test("a token that no HTTP header can carry is a fault", () => {
    expect(faultsOf({ ...needed, CHAT2DESK_API_TOKEN: "two lines\nof it" })).toHaveLength(1);
  });
});
