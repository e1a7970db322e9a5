import type { Disturbance } from "../histories.ts";
import type { Fault, Ground } from "./fault.ts";

/** A call that nothing disturbs ends much sooner, ms. */
const usualMs = 1_000;

/** Misbehaviour of the platform in the words of its control, at a share of the calls. */
function misbehaves(
  name: string,
  given: {
    readonly what: string;
    readonly fault: Readonly<Record<string, unknown>>;
    readonly probability: number;
  },
): Fault {
  return {
    name,
    codes: "F37",
    what: given.what,
    needs: {},
    inject: async (ground) => {
      const end = begin(ground, name, "misbehaving");
      const before = ground.platform.log.lastSeq;
      // Without their echoes nothing settles ambiguous sends of this account, so that copies must be made.
      await ground.platform.control({ do: "echo", account: "north", enabled: false });
      await ground.platform.control({
        do: "sends",
        fault: given.fault,
        probability: given.probability,
        seed: Math.floor(ground.random() * 1_000_000),
      });
      await Bun.sleep(ground.durationMs);
      await ground.platform.control({ do: "clear" });
      await ground.platform.control({ do: "echo", account: "north", enabled: true });
      ground.nemesis.fired(name, unusualEnds(ground, before));
      end();
    },
  };
}

function begin(ground: Ground, name: string, kind: Disturbance["kind"]): () => void {
  return ground.nemesis.begin({ fault: name, target: "platform", kind });
}

/** Calls since an entry of the log that did not end as they should, or have not ended yet. */
function unusualEnds({ platform }: Ground, since: number): number {
  const entries = platform.log.since(since);
  const ends = new Map(
    entries.flatMap((entry) => (entry.kind === "answer" ? [[entry.call, entry] as const] : [])),
  );
  const unusual = entries.filter((entry) => {
    if (entry.kind !== "arrival") return false;
    const end = ends.get(entry.call);
    const tookMs = (end?.atMs ?? performance.now()) - entry.atMs;
    const refused = end !== undefined && (end.ending !== "answered" || end.status !== 200);
    return entry.cutBeforeReading || refused || tookMs > usualMs;
  });
  return unusual.length;
}

const retryAfterS = 3;
const stormEveryMs = 5_000;

const storm: Fault = {
  name: "throttle-storm",
  codes: "F38",
  what: "the platform answers 429 with Retry-After to everybody on two accounts, again and again",
  needs: { outboxes: 2 },
  inject: async (ground) => {
    const { platform, nemesis, durationMs } = ground;
    const end = begin(ground, "throttle-storm", "misbehaving");
    const until = performance.now() + durationMs;
    const stop = platform.log.listen((entry) => {
      if (entry.kind !== "answer" || entry.status !== 429) return;
      nemesis.fired("throttle-storm");
      nemesis.hold({
        account: entry.account,
        fromMs: entry.atMs,
        retryAfterMs: retryAfterS * 1_000,
      });
    });
    while (performance.now() < until) {
      for (const account of ["north", "south-hold"])
        await platform.control({
          do: "sends",
          account,
          next: 2,
          fault: { mode: "throttle", as: "429", retryAfter: String(retryAfterS) },
        });
      await Bun.sleep(stormEveryMs);
    }
    stop();
    await platform.control({ do: "clear" });
    end();
  },
};

const crowd: Fault = {
  name: "hundredfold",
  codes: "F41",
  what: "many webhooks come a hundred times at once, in any order, and old ones come again",
  needs: { burstShare: 0.15 },
  inject: async ({ workload, nemesis, durationMs, platform }) => {
    const until = performance.now() + durationMs;
    await platform.control({
      do: "webhooks",
      disturbance: { mode: "delay", maxMs: 200 },
      probability: 0.5,
      seed: 3,
    });
    while (performance.now() < until) {
      workload.replay(10);
      nemesis.fired("hundredfold");
      await Bun.sleep(1_000);
    }
    await platform.control({ do: "clear" });
  },
};

const backlog: Fault = {
  name: "backlog",
  codes: "F39",
  what: "two senders with more work than the limit allows, one of them killed now and then",
  needs: { outboxes: 2 },
  inject: async ({ workload, roles, nemesis, durationMs, random }) => {
    workload.crowd("north-tight", 35);
    const until = performance.now() + durationMs;
    while (performance.now() < until) {
      await Bun.sleep(3_000);
      const victims = roles.running("outbox");
      const victim = victims[Math.floor(random() * victims.length)];
      if (victim !== undefined && roles.signal(victim.name, "SIGKILL")) nemesis.fired("backlog");
    }
  },
};

export const channelFaults: readonly Fault[] = [
  misbehaves("channel-slow", {
    what: "some calls take longer than a sender waits, and are accepted",
    fault: { mode: "slow", ms: 11_500 },
    probability: 0.05,
  }),
  misbehaves("channel-hangs", {
    what: "some calls are accepted and never answered",
    fault: { mode: "hang", accepted: true },
    probability: 0.05,
  }),
  misbehaves("channel-resets-unread", {
    what: "some connections are reset before the call is read",
    fault: { mode: "cut-before-reading" },
    probability: 0.2,
  }),
  misbehaves("channel-resets-read", {
    what: "some connections are reset after the message was accepted",
    fault: { mode: "cut-after-reading", accepted: true },
    probability: 0.15,
  }),
  misbehaves("channel-loses", {
    what: "some connections are reset after the call was read and the message was not accepted",
    fault: { mode: "cut-after-reading", accepted: false },
    probability: 0.15,
  }),
  misbehaves("channel-errors", {
    what: "many calls are answered 502",
    fault: { mode: "error", status: 502, accepted: false },
    probability: 0.25,
  }),
  storm,
  crowd,
  backlog,
];
