import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../src/channels/chat2desk/fake/platform.ts";
import {
  samePeopleOn,
  simulateClients,
} from "../../src/fake-platform/simulation/simulate-clients.ts";
import { driveInProcess } from "./drive-chat2desk.ts";
import type { SimulationFindings } from "../../src/fake-platform/simulation/simulation-findings.ts";
import { freePort, testToken } from "./hookdesk.ts";
import { type OwnPostgres, type OwnRedis, ownPostgres, ownRedis } from "./own-services.ts";
import { type HookdeskProcess, startProcess } from "./process.ts";

/** Hookdesk as a process of its own between a fake platform and stores that the test may take away. */
export type OutageStage = {
  readonly postgres: OwnPostgres;
  readonly redis: OwnRedis;
  readonly platform: FakeChat2Desk;
  readonly hookdesk: HookdeskProcess;
  /** So many new clients order; resolves when all are through. */
  readonly order: (
    clients: number,
    onMessage?: (messages: number) => void,
  ) => Promise<SimulationFindings>;
  readonly close: () => Promise<void>;
};

/** The platform tries again this often and soon, ms, instead of after 10 s, 5 min and 2 h. */
const retryScheduleMs = Array.from({ length: 300 }, () => 200);
const replyTimeoutMs = 45_000;
const deadlineMs = 55_000;

/** Starts everything but the stores that are named as missing. */
export async function openOutageStage(
  missing: { readonly postgres?: boolean; readonly redis?: boolean } = {},
): Promise<OutageStage> {
  const [postgres, redis] = await Promise.all([ownPostgres(), ownRedis()]);
  await Promise.all([
    missing.postgres === true ? undefined : postgres.start(),
    missing.redis === true ? undefined : redis.start(),
  ]);
  const port = freePort();
  const webhookUrl = `http://127.0.0.1:${port}/webhook/chat2desk`;
  const rateLimit = { count: 100_000, windowMs: 60_000 };
  const platform = await startFakeChat2Desk({
    retryScheduleMs,
    accounts: [{ name: "main", token: testToken, webhookUrl, rateLimit }],
  });
  const hookdesk = startProcess({
    HOST: "127.0.0.1",
    PORT: `${port}`,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    LOG_LEVEL: "debug",
    CHAT2DESK_API_TOKEN: testToken,
    CHAT2DESK_API_URL: platform.url,
    CHAT2DESK_RATE_LIMIT: "100000/60s",
  });
  let firstClientId = 1_000;
  return {
    postgres,
    redis,
    platform,
    hookdesk,
    order: (clients, onMessage) => {
      const people = samePeopleOn(["main"], clients, firstClientId);
      firstClientId += clients;
      return simulateClients({
        driver: driveInProcess(platform),
        people,
        replyTimeoutMs,
        deadlineMs,
        onProgress: ({ messages }) => onMessage?.(messages),
      });
    },
    close: async () => {
      await platform.stop();
      await hookdesk.end();
      await Promise.all([postgres.remove(), redis.remove()]);
    },
  };
}
