import { childrenOf } from "../../bench/proc.ts";
import { signalProcess } from "../../services/process-identity.ts";
import { until } from "../../services/until.ts";
import { between, type Fault, type Ground, proxyOf } from "./fault.ts";
import { storeClients } from "./redis-faults.ts";

const outageMs = 1_500;
const lockMs = 4_000;
const recoveryMs = 30_000;

/** Answers of the statement of this name are eaten on the way to a role: it never learns whether its transaction was committed. */
function unknownCommit(role: "web" | "worker" | "outbox", statement: string): Fault {
  const name = `${role}-commit-unknown`;
  const link = `${role}-postgres` as const;
  return {
    name,
    codes: "F27",
    what: `the answers to ${statement} never reach the ${role} process, committed or not`,
    needs: {},
    inject: async (ground) => {
      const proxy = proxyOf(ground, link);
      const until = performance.now() + ground.durationMs;
      const end = ground.nemesis.begin({ fault: name, target: link, kind: "cut" });
      while (performance.now() < until) {
        const before = proxy.touched;
        proxy.eatAnswers(statement, 1);
        await Bun.sleep(between(ground.random, 400, 1_500));
        if (proxy.touched > before) ground.nemesis.fired(name);
      }
      proxy.heal();
      end();
    },
  };
}

const anyBackend = `SELECT pid FROM pg_stat_activity
  WHERE application_name LIKE 'hookdesk-%' AND datname = current_database() ORDER BY random() LIMIT 1`;

async function backendKilled(ground: Ground): Promise<void> {
  const { nemesis, postgres, durationMs, random } = ground;
  const over = performance.now() + durationMs;
  while (performance.now() < over) {
    await Bun.sleep(between(random, 1_000, 3_000));
    const victim = await someBackend(ground);
    const end = nemesis.begin({ fault: "backend-killed", target: "postgres", kind: "killed" });
    if (victim !== undefined && childrenOf(postgres.pid).includes(victim)) {
      signalProcess(victim, "SIGKILL");
      nemesis.fired("backend-killed");
    }
    await Bun.sleep(outageMs);
    await someBackend(ground);
    end();
  }
}

/** A backend of Hookdesk's; waits until PostgreSQL has recovered and has one. */
function someBackend({ postgres, database }: Ground): Promise<number | undefined> {
  const ask = async () => {
    try {
      const { rows } = await postgres.connected(database, (client) =>
        client.query<{ pid: number }>(anyBackend),
      );
      return rows[0]?.pid;
    } catch {
      return undefined;
    }
  };
  return until(ask, { deadlineMs: recoveryMs });
}

async function postmasterKilled(ground: Ground): Promise<void> {
  const { nemesis, postgres, proxies } = ground;
  const end = nemesis.begin({ fault: "postmaster-killed", target: "postgres", kind: "killed" });
  postgres.kill();
  nemesis.fired("postmaster-killed");
  await Bun.sleep(outageMs);
  await postgres.revive();
  for (const client of storeClients) proxies.get(`${client}-postgres`)?.aim(postgres.port);
  await Bun.sleep(outageMs);
  end();
}

async function tablesLocked(ground: Ground): Promise<void> {
  const { nemesis, postgres, database } = ground;
  for (const table of ["pending", "conversations", "outbox"]) {
    const end = nemesis.begin({
      fault: "tables-locked",
      target: "postgres",
      kind: "slow",
      note: table,
    });
    await postgres.connected(database, async (client) => {
      await client.query("BEGIN");
      await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      nemesis.fired("tables-locked");
      await Bun.sleep(lockMs);
      await client.query("ROLLBACK");
    });
    await Bun.sleep(500);
    end();
  }
}

export const postgresFaults: readonly Fault[] = [
  unknownCommit("web", "ingest"),
  unknownCommit("worker", "commit_lanes"),
  unknownCommit("outbox", "outbox_exchange"),
  {
    name: "backend-killed",
    codes: "F25",
    what: "a backend of PostgreSQL is killed, which ends all sessions",
    needs: {},
    inject: backendKilled,
  },
  {
    name: "postmaster-killed",
    codes: "F26",
    what: "PostgreSQL is killed and recovers",
    needs: {},
    inject: postmasterKilled,
  },
  {
    name: "tables-locked",
    codes: "F31",
    what: "somebody locks pending, conversations and outbox for seconds",
    needs: {},
    inject: tablesLocked,
  },
];
