import { describe, expect, test } from "bun:test";
import { boundedAdd, createTicketPost } from "../../../src/platform/queue/ticket-post.ts";

/** A connection and a queue whose adds end when the test says so. */
function rig(status = "ready") {
  const listeners: (() => void)[] = [];
  const client = {
    status,
    on: (_event: "ready", listener: () => void) => listeners.push(listener),
  };
  const adds: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  const add = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    adds.push({ resolve, reject });
    return promise;
  };
  const post = createTicketPost(client, add);
  const become = (next: string) => {
    client.status = next;
    if (next === "ready") for (const listener of listeners) listener();
  };
  return { ...post, adds, become };
}

describe("posting wake-ups", () => {
  test("many posts become few wake-ups, but one begins after the last post", async () => {
    const { post, adds } = rig();
    for (let posts = 0; posts < 100; posts += 1) post();
    const begun = adds.length;
    expect(begun).toBeLessThan(10);
    adds[0]?.resolve();
    await Promise.resolve();
    await Promise.resolve();
    expect(adds.length).toBe(begun + 1);
  });

  test("what is posted while Redis is away is owed and made good once when it returns", () => {
    const { post, adds, become } = rig("reconnecting");
    post();
    post();
    expect(adds).toHaveLength(0);
    become("ready");
    expect(adds).toHaveLength(1);
  });

  test("a wake-up that fails because Redis went away is owed again", async () => {
    const { post, adds, become } = rig();
    post();
    become("reconnecting");
    adds[0]?.reject(new Error("of a test"));
    await Promise.resolve();
    await Promise.resolve();
    expect(adds).toHaveLength(1);
    become("ready");
    expect(adds).toHaveLength(2);
  });

  test("a wake-up that Redis refuses is left to the sweepers: it is not tried for ever", async () => {
    const { post, adds } = rig();
    post();
    adds[0]?.reject(new Error("OOM"));
    await Promise.resolve();
    await Promise.resolve();
    expect(adds).toHaveLength(1);
  });

  test("nothing is posted after the end", () => {
    const { post, close, adds } = rig();
    close();
    post();
    expect(adds).toHaveLength(0);
  });
});

describe("wake-ups that nobody takes", () => {
  /** A queue in which wake-ups wait until the test takes them. */
  function queue() {
    const state = { waiting: 0, looks: 0 };
    const add = boundedAdd(
      async () => {
        state.waiting += 1;
      },
      async () => {
        state.looks += 1;
        return state.waiting;
      },
    );
    return { state, add };
  }

  test("stop piling up, and are added again when they were taken", async () => {
    const { state, add } = queue();
    for (let adds = 0; adds < 5_000; adds += 1) await add();
    expect(state.waiting).toBeLessThanOrEqual(200);
    state.waiting = 0;
    await add();
    expect(state.waiting).toBe(1);
  });

  test("are never left out while few are waiting, and seldom looked at", async () => {
    const { state, add } = queue();
    for (let adds = 0; adds < 1_000; adds += 1) {
      await add();
      expect(state.waiting).toBe(1);
      state.waiting = 0;
    }
    expect(state.looks).toBeLessThanOrEqual(10);
  });

  test("are added when nobody can say how many wait", async () => {
    let added = 0;
    const add = boundedAdd(
      async () => {
        added += 1;
      },
      () => Promise.reject(new Error("of a test")),
    );
    for (let adds = 0; adds < 300; adds += 1) await add();
    expect(added).toBe(300);
  });
});
