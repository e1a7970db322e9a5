import { crashPoints } from "../crash/crash-points.ts";
import type { RoleTarget } from "../nemesis.ts";
import { until } from "../../services/until.ts";
import { poisonous } from "../workload.ts";
import { between, type Fault, type Ground, pick } from "./fault.ts";

/** Longer than any lease of a lane, and than a sender may be silent, ms. */
const workerPauseMs = 9_000;
const senderPauseMs = 14_000;
/** Another fault may keep a process from coming by for a while, ms. */
const pointDeadlineMs = 15_000;
const reviveMs = 2_500;
/** What parks a poisonous message are five attempts, with the waits or the leases between them, ms. */
const parkingMs = 60_000;

/** Deaths are written into the history by the supervisor, which sees those of crash points too. */
function killedAtRandom(role: RoleTarget, codes: string): Fault {
  const name = `${role}-killed`;
  return {
    name,
    codes,
    what: `a ${role} process is killed every few seconds`,
    needs: {},
    inject: async (ground) => {
      const until = performance.now() + ground.durationMs;
      while (performance.now() < until) {
        const victim = pick(ground.random, ground.roles.running(role));
        if (victim !== undefined && ground.roles.signal(victim.name, "SIGKILL"))
          ground.nemesis.fired(name);
        await Bun.sleep(between(ground.random, 500, 4_000));
      }
    },
  };
}

function killedAtPoints(role: keyof typeof crashPoints, codes: string): Fault {
  const name = `${role}-killed-at-points`;
  return {
    name,
    codes,
    what: `a ${role} process is killed between two steps: ${crashPoints[role].map((point) => point.slice(role.length + 1)).join(", ")}`,
    needs: { preload: true },
    inject: async (ground) => {
      const until = performance.now() + ground.durationMs;
      do {
        for (const point of crashPoints[role]) {
          if (await ground.crash.fire(point, pointDeadlineMs)) ground.nemesis.fired(name);
          else throw new Error(`no process came by ${point}`);
          await Bun.sleep(between(ground.random, 300, 2_000));
        }
      } while (performance.now() < until);
    },
  };
}

function stopped(role: "worker" | "outbox", pauseMs: number): Fault {
  const name = `${role}-stopped`;
  return {
    name,
    codes: "F05",
    what: `a ${role} process is stopped for longer than its lease and goes on as if nothing had happened`,
    needs: role === "outbox" ? { outboxes: 2 } : {},
    inject: async (ground) => {
      const victim = pick(ground.random, ground.roles.running(role));
      if (victim === undefined) return;
      await pausing(ground, { fault: name, role, process: victim.name, pauseMs });
    },
  };
}

async function pausing(
  { roles, nemesis }: Ground,
  pause: {
    readonly fault: string;
    readonly role: RoleTarget;
    readonly process: string;
    readonly pauseMs: number;
  },
): Promise<void> {
  const end = nemesis.begin({
    fault: pause.fault,
    target: pause.role,
    kind: "stopped",
    note: pause.process,
  });
  if (roles.signal(pause.process, "SIGSTOP")) nemesis.fired(pause.fault);
  await Bun.sleep(pause.pauseMs);
  roles.signal(pause.process, "SIGCONT");
  end();
}

const stoppedAtCommit: Fault = {
  name: "worker-stopped-at-commit",
  codes: "F05",
  what: "a worker stops before the commit of what is due, goes on when others went on, and then Redis is emptied",
  // Sessions end in every pause, so that there is always something due, and the same clients write before, meanwhile and after.
  needs: { preload: true, sessionSilence: "250ms", pauseMsMax: 1_500, ordersEach: 5 },
  inject: async (ground) => {
    const { nemesis, roles, crash, redis } = ground;
    const end = nemesis.begin({
      fault: "worker-stopped-at-commit",
      target: "worker",
      kind: "stopped",
    });
    if (await crash.fire("worker.before-tick", pointDeadlineMs, "stop"))
      nemesis.fired("worker-stopped-at-commit");
    await Bun.sleep(workerPauseMs);
    for (const { name } of roles.running("worker")) roles.signal(name, "SIGCONT");
    end();
    await Bun.sleep(300);
    nemesis.blow({ fault: "worker-stopped-at-commit", target: "redis", kind: "emptied" });
    await redis.command("FLUSHALL");
  },
};

const everythingKilled: Fault = {
  name: "everything-killed",
  codes: "F10",
  what: "all of Hookdesk's processes are killed at once and started in any order",
  needs: {},
  inject: async ({ roles, nemesis, random }) => {
    roles.holdBack();
    const all = roles.running();
    const end = nemesis.begin({ fault: "everything-killed", target: "web", kind: "killed" });
    for (const { name } of all)
      if (roles.signal(name, "SIGKILL")) nemesis.fired("everything-killed");
    await Bun.sleep(reviveMs);
    const order = all
      .map(({ name }) => ({ name, place: random() }))
      .toSorted((a, b) => a.place - b.place);
    await roles.revive(
      order.map(({ name }) => name),
      400,
    );
    await Bun.sleep(2_000);
    end();
  },
};

const rollingRestart: Fault = {
  name: "rolling-restart",
  codes: "F04",
  what: "every process is restarted in turn while work goes on; no webhook may fail",
  needs: {},
  inject: async ({ roles, nemesis }) => {
    for (const { name, role } of roles.running()) {
      const end = nemesis.begin({
        fault: "rolling-restart",
        target: "cron",
        kind: "restarted",
        note: `${role} ${name}`,
      });
      const how = await roles.restart(name);
      if (how !== "ended with code 0") throw new Error(`${name} ${how}, told to stop`);
      nemesis.fired("rolling-restart");
      await Bun.sleep(1_500);
      end();
    }
  },
};

const clockJumps: Fault = {
  name: "clock-jumps",
  codes: "F39 F40",
  what: "the wall clocks of a web, a worker and a sender process jump by hours and days, and a sender is killed meanwhile",
  needs: { preload: true, outboxes: 2 },
  inject: async ({ roles, nemesis, crash, random, workload, durationMs }) => {
    const hour = 3_600_000;
    const end = nemesis.begin({ fault: "clock-jumps", target: "cron", kind: "clock" });
    workload.crowd("north-tight", 25);
    for (const offsetMs of [hour, -hour, 192 * hour, -24 * hour]) {
      for (const role of ["web", "worker", "outbox"] as const) {
        const [first] = roles.running(role);
        if (first !== undefined) crash.setClock(first.name, offsetMs);
      }
      nemesis.fired("clock-jumps");
      await Bun.sleep(durationMs / 5);
      const victim = pick(random, roles.running("outbox"));
      if (victim !== undefined) roles.signal(victim.name, "SIGKILL");
    }
    for (const { name } of roles.running()) crash.setClock(name, 0);
    end();
  },
};

function poison(text: "drill-poison-throw" | "drill-poison-kill", what: string): Fault {
  const name = text.replace("drill-", "");
  return {
    name,
    codes: "F02",
    what,
    needs: { preload: true, poison: text },
    inject: async ({ nemesis, postgres, database }) => {
      const parkedBoth = async () => {
        const { rows } = await postgres.connected(database, (client) =>
          client.query("SELECT FROM parked"),
        );
        return rows.length >= poisonous ? rows.length : undefined;
      };
      nemesis.fired(name, (await until(parkedBoth, { deadlineMs: parkingMs })) ?? 0);
    },
  };
}

export const processFaults: readonly Fault[] = [
  killedAtRandom("worker", "F01"),
  killedAtPoints("worker", "F01"),
  killedAtRandom("outbox", "F01"),
  killedAtPoints("outbox", "F01"),
  killedAtRandom("web", "F03"),
  killedAtPoints("web", "F03"),
  killedAtRandom("cron", "F01"),
  poison("drill-poison-throw", "the handling of one message always throws"),
  poison("drill-poison-kill", "the handling of one message always kills the worker"),
  rollingRestart,
  stopped("worker", workerPauseMs),
  stopped("outbox", senderPauseMs),
  stoppedAtCommit,
  everythingKilled,
  clockJumps,
];
