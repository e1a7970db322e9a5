import type { Channel } from "../channels/channel.ts";
import { systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { TicketQueue } from "../platform/queue/tickets.ts";
import type { MarkedRedis } from "../platform/redis/redis.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Origins } from "../tenants/origins.ts";
import { senderSilent } from "./ends.ts";
import { grantLifeMsMax } from "./grant-life.ts";
import { jitterOf } from "./jitter.ts";
import type { Announcement, Limiter } from "./limiter.ts";
import { afterSilence, unknownPolicy } from "./policy.ts";
import type { Finished, OutboxStore, SilentSend, StrandedDelivery } from "./store.ts";

/** What is added to a grant's life and the channel's own time before a silent sender is taken for dead, ms. */
const silenceMarginMs = 2_000;

/** How long a sender of this channel may be silent before its delivery is declared unknown, ms. */
export function silentMs(channel: Channel): number {
  return grantLifeMsMax + channel.sendTimeoutMs + silenceMarginMs;
}

export type OutboxKeeperParts = {
  readonly limiter: Limiter;
  readonly store: OutboxStore;
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly leads: () => Promise<boolean>;
  readonly redis: MarkedRedis;
  readonly prefix: string;
  readonly tickets: TicketQueue;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

/** Half of what is left of the three seconds in which a silent sender's delivery is decided. */
const silenceEveryMs = 350;
const sweepEveryMs = 1_000;

/** Declares deliveries unknown whose sender died, and lets the origin's policy decide about a second copy. */
export function createSilenceKeeper(parts: OutboxKeeperParts): Periodic {
  const shortest = Math.min(...[...parts.channels.values()].map(silentMs));
  return periodic({
    name: "silence keeper",
    pauseMs: silenceEveryMs,
    onError: (error) => parts.logger.debug("silence keeper", { error: describeError(error) }),
    run: async () => {
      if (!(await parts.leads())) return undefined;
      const silent = await parts.store.silent(shortest);
      const finished = silent.flatMap((send) => endOfSilence(parts, send));
      if (finished.length > 0) await declare(parts, finished);
      return undefined;
    },
  });
}

function endOfSilence(parts: OutboxKeeperParts, send: SilentSend): readonly Finished[] {
  const origin = parts.origins.byId(send.origin_id);
  const channel = origin === undefined ? undefined : parts.channels.get(origin.channel);
  if (origin === undefined || channel === undefined) return [];
  if (send.silent_ms < silentMs(channel)) return [];
  const context = {
    failures: send.failures,
    policy: unknownPolicy(channel, origin, send.author),
    leftMs: send.left_ms,
    jitter: jitterOf(send.token),
  };
  return [senderSilent(send, origin, afterSilence(context, send.silences))];
}

async function declare(parts: OutboxKeeperParts, finished: readonly Finished[]): Promise<void> {
  await parts.store.exchange(finished, []);
  parts.metrics.sends.inc({ outcome: "unknown" }, finished.length);
  for (const end of finished) {
    if (end.pk !== null) parts.metrics.parkedDeliveries.inc();
    parts.logger.warn("delivery unknown: its sender is silent", {
      conversation: end.c,
      attempt: end.a,
      resent: !end.fi,
    });
  }
}

const strandedAgeMs = 3_000;
const pageMax = 5_000;
/** The walk rests this many times as long as it took. */
const restFactor = 9;
const firstConversation = "00000000-0000-0000-0000-000000000000";

/** Compares the open deliveries with what Redis knows to have something to send, and announces what was lost. */
export function createOutboxSweeper(parts: OutboxKeeperParts): Periodic {
  const mark = `${parts.prefix}alive`;
  return periodic({
    name: "outbox sweeper",
    pauseMs: sweepEveryMs,
    onError: (error) => parts.logger.debug("outbox sweeper", { error: describeError(error) }),
    run: async () => {
      const runId = parts.redis.runId();
      if (runId === null || !(await parts.leads())) return undefined;
      const known = (await parts.redis.raw.get(mark)) === runId;
      const begun = systemClock.monotonic();
      if ((await walk(parts, known ? strandedAgeMs : 0)) > 0) parts.tickets.post();
      if (!known) await parts.redis.raw.set(mark, runId);
      return Math.max(sweepEveryMs, (systemClock.monotonic() - begun) * restFactor);
    },
  });
}

async function walk(parts: OutboxKeeperParts, ageMs: number): Promise<number> {
  let at = { tenant: 0, conversation: firstConversation };
  let woken = 0;
  for (;;) {
    const page = await parts.store.stranded({ ...at, ageMs, limit: pageMax });
    woken += await parts.limiter.recover(page.map((row) => announcementOf(parts, row)));
    const last = page.at(-1);
    if (last === undefined) return woken;
    at = { tenant: last.tenant_id, conversation: last.conv };
  }
}

function announcementOf(parts: OutboxKeeperParts, row: StrandedDelivery): Announcement {
  const origin = parts.origins.byId(row.origin_id);
  const channel = origin === undefined ? undefined : parts.channels.get(origin.channel);
  return {
    tenant: row.tenant_id,
    origin: row.origin_id,
    conversation: row.conv,
    count: Number(row.open),
    waitMs: row.wait_ms ?? 0,
    scopes: channel?.limits.scopes(row.identity ?? "") ?? [],
  };
}
