import type { ConversationStore } from "../../src/conversation/store.ts";
import type { Lanes } from "../../src/lane/lanes.ts";
import type { Database } from "../../src/platform/postgres/database.ts";
import type { OutboxStore } from "../../src/outbox/store.ts";
import type { MarkedRedis } from "../../src/platform/redis/redis.ts";
import type { Link } from "../support/simulation/link.ts";
import type { Seat, Stage } from "./stage.ts";

/** Lanes as a process has them: behind a connection. */
export function remoteLanes(lanes: Lanes, { call }: Link): Lanes {
  return {
    post: (mail) => call(() => lanes.post(mail)),
    wake: (names) => call(() => lanes.wake(names)),
    claim: (token) => call(() => lanes.claim(token)),
    release: (releases) => call(() => lanes.release(releases)),
    renew: (held) => call(() => lanes.renew(held)),
    reap: () => call(() => lanes.reap()),
  };
}

/** The lane protocol's statements as a process has them: behind a connection. */
export function remoteConversationStore(
  store: ConversationStore,
  { call }: Link,
): ConversationStore {
  return {
    load: (lanes, eventsMax) => call(() => store.load(lanes, eventsMax)),
    commit: (lanes, rows) => call(() => store.commit(lanes, rows)),
    fail: (lane, failure) => call(() => store.fail(lane, failure)),
    suspect: (lane) => call(() => store.suspect(lane)),
    echoFacts: (echoes) => call(() => store.echoFacts(echoes)),
    stranded: (page) => call(() => store.stranded(page)),
    dueTimers: (page) => call(() => store.dueTimers(page)),
    postponeTimer: (lane, waitMs) => call(() => store.postponeTimer(lane, waitMs)),
  };
}

/** A database as a process has it: behind a connection. */
export function remoteDatabase(database: Database, { call }: Link): Database {
  return {
    query: (statement, values) => call(() => database.query(statement, values)),
    lend: (work) => call(() => database.lend(work)),
    close: async () => undefined,
  };
}

/** The outbox's statements as a process has them: behind a connection. */
export function remoteOutboxStore(store: OutboxStore, { call }: Link): OutboxStore {
  return {
    exchange: (finished, grants) => call(() => store.exchange(finished, grants)),
    stranded: (page) => call(() => store.stranded(page)),
    silent: (silentMs) => call(() => store.silent(silentMs)),
    recentSends: (graceMs) => call(() => store.recentSends(graceMs)),
    conversationSends: (origin, withinMs) => call(() => store.conversationSends(origin, withinMs)),
    holds: () => call(() => store.holds()),
  };
}

/** The marks by which a sweeper knows a Redis again. */
export function markedRedis(stage: Stage, { redis, runId }: Seat): MarkedRedis {
  return {
    runId,
    raw: {
      get: (key) => redis.call(async () => stage.redis().marks.get(key) ?? null),
      set: (key, value) => redis.call(async () => stage.redis().marks.set(key, value)),
    },
  };
}
