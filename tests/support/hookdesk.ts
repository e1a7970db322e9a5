import { createApp } from "../../src/app/app.ts";
import { parseConfig, type Role } from "../../src/app/config.ts";
import {
  type FakeChat2Desk,
  type FakeChat2DeskOptions,
  startFakeChat2Desk,
} from "../../src/channels/chat2desk/fake/platform.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { testRedisUrl } from "./services.ts";

/** The token of the default origin in tests; a canary that must never appear in a log. */
export const testToken = "canary-token-5f1d";

export type Hookdesk = { readonly url: string; readonly stop: () => Promise<void> };

/** What a running Hookdesk needs from the environment, on the tests' services. */
export function environmentFor(
  database: { readonly url: string },
  prefix: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    HOST: "127.0.0.1",
    PORT: "0",
    DATABASE_URL: database.url,
    REDIS_URL: testRedisUrl,
    REDIS_PREFIX: prefix,
    LOG_LEVEL: process.env["TEST_LOG_LEVEL"] ?? "silent",
    CHAT2DESK_API_TOKEN: testToken,
    ...more,
  };
}

/** Starts one process's worth of Hookdesk inside the test. */
export async function startHookdesk(
  environment: Readonly<Record<string, string>>,
  role: Role = "all",
): Promise<Hookdesk> {
  const parsed = parseConfig(environment);
  if (!parsed.ok) throw new Error(parsed.faults.join("; "));
  const app = createApp(parsed.config, role);
  await app.start();
  await app.ready();
  return { url: `http://127.0.0.1:${app.port()}`, stop: app.stop };
}

/** Everything together: a database, a fake platform with one account, and Hookdesk between them. */
export type Stage = {
  readonly database: TestDatabase;
  readonly platform: FakeChat2Desk;
  readonly hookdesk: Hookdesk;
  readonly prefix: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
};

export async function openStage(
  options: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly platform?: Partial<FakeChat2DeskOptions>;
    readonly account?: Partial<FakeChat2DeskOptions["accounts"][number]>;
  } = {},
): Promise<Stage> {
  const database = await createTestDatabase();
  const prefix = `t${crypto.randomUUID().slice(0, 8)}`;
  // The platform's address must be known to Hookdesk and Hookdesk's to the platform: the port is chosen first.
  const port = freePort();
  const platform = await startFakeChat2Desk({
    ...options.platform,
    accounts: [
      {
        name: "main",
        token: testToken,
        webhookUrl: `http://127.0.0.1:${port}/webhook/chat2desk`,
        rateLimit: { count: 100_000, windowMs: 60_000 },
        ...options.account,
      },
    ],
  });
  const environment = environmentFor(database, prefix, {
    PORT: String(port),
    CHAT2DESK_API_URL: platform.url,
    CHAT2DESK_RATE_LIMIT: "100000/60s",
    ...options.environment,
  });
  const hookdesk = await startHookdesk(environment);
  return {
    database,
    platform,
    hookdesk,
    prefix,
    environment,
    close: async () => {
      await platform.stop();
      await hookdesk.stop();
      await database.drop();
    },
  };
}

/** A port of loopback that was free a moment ago. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
