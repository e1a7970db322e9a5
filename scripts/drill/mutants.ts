/** One replacement in a copy of the program; `find` must stand there exactly once. */
export type Patch = { readonly file: string; readonly find: string; readonly replace: string };

/** A deliberate bug, the fault that brings it to light, and the invariants of which one must break. */
export type Mutant = {
  readonly name: string;
  readonly what: string;
  readonly patches: readonly Patch[];
  readonly fault: string;
  readonly breaks: readonly string[];
};

const acknowledgedEarly: Mutant = {
  name: "acknowledged before the commit",
  what: "200 is answered while the journal still writes",
  patches: [
    {
      file: "src/ingress/webhook.ts",
      find: "const stored = await parts.journal.store(webhook);",
      replace: `const fresh = (all) => all.flatMap((one) => (one.type === "fresh" ? [one.event] : []));
      void parts.journal.store(webhook).then((all) => parts.post(fresh(all)), () => undefined);
      const stored = [];`,
    },
  ],
  fault: "web-postgres-refused",
  breaks: ["acknowledged is applied"],
};

const noUniqueKey: Mutant = {
  name: "no unique key",
  what: "a platform's event may be stored twice",
  patches: [
    {
      file: "migrations/000002_journal.sql",
      find: "  key       text NOT NULL,\n  PRIMARY KEY (tenant_id, origin_id, bucket, key)\n",
      replace: "  key       text NOT NULL\n",
    },
  ],
  fault: "hundredfold",
  breaks: ["effects once"],
};

const versionIgnored: Patch = {
  file: "migrations/000006_lanes.sql",
  find: "JOIN conversations ON tenant_id = l.t AND conv = l.c AND version = l.v\n",
  replace: "JOIN conversations ON tenant_id = l.t AND conv = l.c\n",
};

const noVersion: Mutant = {
  name: "no version check",
  what: "a commit does not ask whether the state it was decided on is still the latest",
  patches: [versionIgnored],
  fault: "worker-stopped-at-commit",
  breaks: ["every decision on the latest state"],
};

/**
 * The lane alone is no guarantee by design: PostgreSQL refuses what two holders do. So the mutant takes away what stands behind it as
 * well: the version, the check that the events are still open, and the primary keys that are made of the version.
 */
const twoInLane: Mutant = {
  name: "two workers in one lane",
  what: "a new message makes a lane ready although somebody holds it, and nothing behind it refuses the second",
  patches: [
    {
      file: "src/lane/post.lua",
      find: "if not redis.call('HGET', P .. 'lane:' .. conv, 'st') then",
      replace: "if true then",
    },
    versionIgnored,
    {
      file: "migrations/000006_lanes.sql",
      find: "WHEN seen.mine <> cardinality(l.x::bigint[]) THEN 'gone'",
      replace: "WHEN false THEN 'gone'",
    },
    {
      file: "migrations/000003_conversations.sql",
      find: "  at         timestamptz NOT NULL,\n  PRIMARY KEY (tenant_id, conv, seq)\n",
      replace: "  at         timestamptz NOT NULL\n",
    },
    {
      file: "migrations/000003_conversations.sql",
      find: '  "timestamp"         timestamptz NOT NULL,\n  PRIMARY KEY (tenant_id, conv, seq)\n',
      replace: '  "timestamp"         timestamptz NOT NULL\n',
    },
  ],
  fault: "hundredfold",
  breaks: [
    "effects once",
    "every decision on the latest state",
    "order per conversation",
    "poison fails alone",
  ],
};

const fixedWindow: Mutant = {
  name: "a fixed window",
  what: "the limiter counts from the last full multiple of the window",
  patches: [
    {
      file: "src/outbox/dispatch.lua",
      find: "while oldest and tonumber(oldest) < now - span do",
      replace: "while oldest and tonumber(oldest) < now - now % tonumber(limits[2]) do",
    },
    {
      file: "src/outbox/dispatch.lua",
      find: "return 0, tonumber(oldest) + span + 1 - now end",
      replace: "return 0, tonumber(limits[2]) - now % tonumber(limits[2]) end",
    },
  ],
  fault: "backlog",
  breaks: ["the window is never exceeded"],
};

const sentEarly: Mutant = {
  name: "sent before the call",
  what: "a delivery is recorded as sent, then the channel is called",
  patches: [
    {
      file: "src/outbox/attempt.ts",
      find: "await conclude(call, await send(parts, call));",
      replace: `const outcome = { type: "sent", messageId: null, status: 200 };
    const after = afterAttempt(outcome, { failures: 0, policy: "resend", leftMs: 1_000, jitter: 0 });
    await ledger.record(attemptEnded(live, marked, { outcome, after }));
    await send(parts, call);
    await release({ grant: live, next: "done", used: true });`,
    },
  ],
  fault: "channel-resets-unread",
  breaks: ["one delivery per message"],
};

const neverSwept: Mutant = {
  name: "journal rows never swept",
  what: "nobody looks for events whose wake-up was lost",
  patches: [
    {
      file: "src/conversation/keeper.ts",
      find: "async function walk(parts: SweeperParts, ageMs: number): Promise<number> {",
      replace:
        "async function walk(parts: SweeperParts, ageMs: number): Promise<number> {\n  return 0;",
    },
  ],
  fault: "web-redis-refused",
  breaks: ["nothing is stuck"],
};

/** Every deliberate bug that the checker must catch. */
export const mutants: readonly Mutant[] = [
  acknowledgedEarly,
  noUniqueKey,
  noVersion,
  twoInLane,
  fixedWindow,
  sentEarly,
  neverSwept,
];

/** The text with the patch applied. @throws when it does not fit: a mutant that changes nothing proves nothing. */
export function patched(text: string, patch: Patch): string {
  const parts = text.split(patch.find);
  if (parts.length !== 2)
    throw new Error(`a mutant's patch fits ${parts.length - 1} places of ${patch.file}, not one`);
  return parts.join(patch.replace);
}
