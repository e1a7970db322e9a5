import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import { startSweeper } from "./scene.ts";

const events = 100_000;
const requeueMsMax = 30_000;

let bench: Workbench;

beforeAll(async () => {
  bench = await openWorkbench();
  // One event for each of as many conversations, as a long outage of Redis leaves them.
  await bench.database.rows(
    `WITH open AS (
       INSERT INTO journal (tenant_id, day, id, origin_id, conv, kind, raw, item, received_at)
       SELECT $1, (now() AT TIME ZONE 'UTC')::date, nextval('journal_id_seq'), $2, gen_random_uuid(), 'client_message', '{}', 0, now()
       FROM generate_series(1, $3) RETURNING tenant_id, conv, id, received_at
     ) INSERT INTO pending (tenant_id, conv, id, at) SELECT * FROM open`,
    [bench.origin.tenant, bench.origin.id, events],
  );
}, 60_000);

afterAll(async () => bench.close());

test(
  "a hundred thousand open events are requeued within 30 s of an empty Redis",
  async () => {
    const stop = await startSweeper(bench);
    try {
      await eventually(
        "every conversation stands in its tenant's line",
        async () =>
          (await bench.redis.raw.llen(`${bench.prefix}ready:${bench.origin.tenant}`)) === events,
        requeueMsMax,
      );
      expect(await bench.redis.raw.zcard(`${bench.prefix}due`)).toBe(events);
    } finally {
      await stop();
    }
  },
  requeueMsMax * 2,
);
