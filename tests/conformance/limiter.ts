import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { tenantId } from "../../src/core/ids.ts";
import type { Grant, Limiter } from "../../src/outbox/limiter.ts";
import {
  announcementOf,
  conversationNo,
  type LimiterHarness,
  longMs,
  noScopes,
  originOf,
  releaseOf,
  storeKnowing,
} from "./limiter-harness.ts";

/** What every implementation of the port `Limiter` must do. */
export function limiterConformance(name: string, open: () => Promise<LimiterHarness>): void {
  describe(`limiter ${name}`, () => {
    let harness: LimiterHarness;
    const limiter = (): Limiter => harness.limiter;
    const nothing = storeKnowing(new Map());
    let tokens = 0;
    const grants = async (most = 64): Promise<readonly Grant[]> => {
      tokens += 1;
      const dispatched = await limiter().dispatch(`t${tokens}.`, most);
      return dispatched.type === "cold" ? [] : dispatched.grants;
    };
    const numbers = (given: readonly Grant[]): readonly number[] =>
      given.map(({ conversation }) => Number(conversation.slice(-12)));
    const only = (given: readonly Grant[]): Grant => {
      const [grant, ...others] = given;
      if (grant === undefined || others.length > 0) throw new Error(`${given.length} grants`);
      return grant;
    };
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    describe("that is open", () => {
      beforeEach(() => harness.warm());

      test("a conversation is granted once, however often it is announced", async () => {
        const origin = originOf(1, 9);
        await limiter().setLimits([origin]);
        expect(await limiter().announce([announcementOf(origin, 1)])).toBe(1);
        expect(await limiter().announce([announcementOf(origin, 1, 2)])).toBe(0);
        const { tenant, id } = origin;
        expect(only(await grants())).toMatchObject({ tenant, origin: id, announced: 3 });
        expect(await grants()).toEqual([]);
      });

      test("no more slots are granted than the window has, and it is said when there will be one", async () => {
        const origin = originOf(1, 2);
        await limiter().setLimits([origin]);
        await limiter().announce([1, 2, 3].map((number) => announcementOf(origin, number)));
        expect(numbers(await grants())).toEqual([1, 2]);
        const dispatched = await limiter().dispatch("late.", 64);
        if (dispatched.type === "cold") throw new Error("the limiter is closed");
        expect(dispatched.grants).toEqual([]);
        expect(dispatched.nextDueMs).toBeGreaterThan(0);
      });

      test("a slot that was not used is free again, one that was used is not", async () => {
        const origin = originOf(1, 1);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1, 3)]);
        const first = only(await grants());
        await limiter().release([releaseOf(first, { next: "again", used: false })]);
        const second = only(await grants());
        await limiter().release([releaseOf(second, { next: "again", used: true })]);
        expect(await grants()).toEqual([]);
      });

      test("an account on hold is not called while others are, and a hold is never shortened", async () => {
        const [held, free] = [originOf(1, 9), originOf(2, 9)];
        await limiter().setLimits([held, free]);
        await limiter().announce([announcementOf(held, 1), announcementOf(free, 2)]);
        await limiter().hold(held.id, longMs);
        await limiter().hold(held.id, 1);
        expect(numbers(await grants())).toEqual([2]);
      });

      test("an origin that is switched off is not called", async () => {
        const origin = originOf(1, 9, { enabled: false });
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        expect(await grants()).toEqual([]);
      });

      test("an origin has no more calls in flight than it may", async () => {
        const origin = originOf(1, 9, { inFlightMax: 2 });
        await limiter().setLimits([origin]);
        await limiter().announce([1, 2, 3].map((number) => announcementOf(origin, number)));
        const [first] = await grants();
        if (first === undefined) throw new Error("nothing was granted");
        expect(await grants()).toEqual([]);
        await limiter().release([releaseOf(first)]);
        expect(numbers(await grants())).toEqual([3]);
      });

      test("a conversation is ready again while it has announced deliveries left", async () => {
        const origin = originOf(1, 9);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1, 2)]);
        await limiter().release([releaseOf(only(await grants()))]);
        await limiter().release([releaseOf(only(await grants()))]);
        expect(await grants()).toEqual([]);
      });

      test("an announcement that comes while nothing is found is not lost", async () => {
        const origin = originOf(1, 9);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        const grant = only(await grants());
        await limiter().announce([announcementOf(origin, 1)]);
        await limiter().release([releaseOf(grant, { next: "empty", used: false })]);
        const again = only(await grants());
        await limiter().release([releaseOf(again, { next: "empty", used: false })]);
        expect(await grants()).toEqual([]);
      });

      test("a conversation that waits is not granted before its time", async () => {
        const origin = originOf(1, 9);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        const grant = only(await grants());
        await limiter().release([releaseOf(grant, { next: { waitMs: longMs } })]);
        expect(await limiter().announce([announcementOf(origin, 1)])).toBe(0);
        expect(await grants()).toEqual([]);
        await harness.hasten(conversationNo(1));
        expect(numbers(await grants())).toEqual([1]);
      });

      test("a conversation whose sender is silent is granted again, and the former sender changes nothing", async () => {
        const origin = originOf(1, 9);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        const former = only(await grants());
        await harness.hasten(conversationNo(1));
        const holder = only(await grants());
        await limiter().release([releaseOf(former, { next: "again" })]);
        expect(await grants()).toEqual([]);
        await limiter().release([releaseOf(holder, { next: "again" })]);
        expect(numbers(await grants())).toEqual([1]);
      });

      test("a renewed grant keeps its place, one that lost it is not renewed", async () => {
        const origin = originOf(1, 2);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        const grant = only(await grants());
        const renewed = await limiter().renew(grant);
        expect(renewed).toMatchObject({ token: grant.token, conversation: grant.conversation });
        await limiter().announce([announcementOf(origin, 2), announcementOf(origin, 3)]);
        expect(numbers(await grants())).toEqual([2]);
        await limiter().release([releaseOf(grant)]);
        expect(await limiter().renew(grant)).toBeNull();
      });

      test("a grant is not renewed while its account is on hold", async () => {
        const origin = originOf(1, 2);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        const grant = only(await grants());
        await limiter().hold(origin.id, longMs);
        expect(await limiter().renew(grant)).toBeNull();
      });

      test("a grant that a hold kept from being renewed gives its slot back once", async () => {
        const origin = originOf(1, 3);
        await limiter().setLimits([origin]);
        await limiter().announce([1, 2, 3].map((number) => announcementOf(origin, number)));
        const [unused, ...used] = await grants();
        if (unused === undefined) throw new Error("nothing was granted");
        await limiter().hold(origin.id, longMs);
        expect(await limiter().renew(unused)).toBeNull();
        await limiter().release([
          releaseOf(unused, { used: false }),
          ...used.map((one) => releaseOf(one)),
        ]);
        // New credentials lift the hold.
        await limiter().setLimits([
          { ...origin, account: { ...origin.account, credentials: { token: "new" } } },
        ]);
        await limiter().announce([4, 5].map((number) => announcementOf(origin, number)));
        expect(numbers(await grants())).toEqual([4]);
      });

      test("recovery leaves conversations alone that are known", async () => {
        const origin = originOf(1, 9);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        expect(await limiter().recover([announcementOf(origin, 1, 5)])).toBe(0);
        expect(await limiter().recover([announcementOf(origin, 2, 5)])).toBe(1);
        expect((await grants()).map(({ announced }) => announced)).toEqual([1, 5]);
      });

      test("an origin that is called already leaves something to the others", async () => {
        const [busy, other] = [originOf(1, 99), originOf(2, 99)];
        await limiter().setLimits([busy, other]);
        await limiter().announce([1, 2, 3, 4, 5, 6].map((number) => announcementOf(busy, number)));
        await limiter().announce([7, 8].map((number) => announcementOf(other, number)));
        const dispatched = await limiter().dispatch("t.", 6, new Map([[busy.id, 3]]));
        if (dispatched.type === "cold") throw new Error("the limiter is closed");
        expect(numbers(dispatched.grants).toSorted()).toEqual([1, 2, 7, 8]);
      });

      for (const key of ["ring", "accounts", "due"] as const)
        test(`what was lost with the key "${key}" alone is found again by the next recovery`, async () => {
          const origin = originOf(1, 9);
          await limiter().setLimits([origin]);
          await limiter().announce([announcementOf(origin, 1)]);
          await harness.lose(key);
          expect(await limiter().recover([announcementOf(origin, 1)])).toBe(0);
          expect(numbers(await grants())).toEqual([1]);
        });

      test("a conversation that waits is looked at again although its instant was lost", async () => {
        const origin = originOf(1, 9);
        await limiter().setLimits([origin]);
        await limiter().announce([announcementOf(origin, 1)]);
        await limiter().release([releaseOf(only(await grants()), { next: { waitMs: longMs } })]);
        await harness.lose("due");
        await limiter().recover([announcementOf(origin, 1)]);
        await harness.hasten(conversationNo(1));
        expect(numbers(await grants())).toEqual([1]);
      });

      describe("with narrower limits", () => {
        const chat = (key: string, count = 1) => [{ key, count, windowMs: longMs }];
        const dispatched = async () => {
          const found = await limiter().dispatch(`n${crypto.randomUUID()}.`, 64);
          if (found.type === "cold") throw new Error("the limiter is closed");
          return found;
        };

        test("a conversation whose own limit is full steps aside, and the account's slot goes to others", async () => {
          const origin = originOf(1, 3);
          await limiter().setLimits([origin]);
          await limiter().announce([announcementOf(origin, 1, 3, chat("c1"))]);
          await limiter().release([releaseOf(only(await grants()))]);
          await limiter().announce([2, 3].map((n) => announcementOf(origin, n, 1, chat(`c${n}`))));
          expect(numbers(await grants())).toEqual([2, 3]);
          const late = await dispatched();
          expect(late.grants).toEqual([]);
          expect(late.nextDueMs).toBeGreaterThan(0);
        });

        test("conversations that share a limit share its slots, whatever the account has left", async () => {
          const origin = originOf(1, 99);
          await limiter().setLimits([origin]);
          const group = chat("group", 3);
          await limiter().announce([1, 2, 3, 4, 5].map((n) => announcementOf(origin, n, 1, group)));
          await limiter().announce([announcementOf(origin, 6)]);
          expect(numbers(await grants())).toEqual([1, 2, 3, 6]);
          await harness.hasten(conversationNo(4));
          expect(await grants()).toEqual([]);
        });

        test("all limits of a conversation hold at once", async () => {
          const origin = originOf(1, 99);
          await limiter().setLimits([origin]);
          const both = [...chat("wide", 9), ...chat("tight", 2)];
          await limiter().announce([announcementOf(origin, 1, 9, both)]);
          for (let n = 0; n < 2; n += 1) await limiter().release([releaseOf(only(await grants()))]);
          expect(await grants()).toEqual([]);
        });

        test("a slot that was not used is free again in every window", async () => {
          const origin = originOf(1, 1);
          await limiter().setLimits([origin]);
          await limiter().announce([announcementOf(origin, 1, 2, chat("c1"))]);
          const first = only(await grants());
          expect(first.scopes).toEqual(chat("c1"));
          await limiter().release([releaseOf(first, { next: "again", used: false })]);
          const second = only(await grants());
          expect(await limiter().renew(second)).toMatchObject({ token: second.token });
        });

        test("a hold of a scope holds those that name it and nobody else", async () => {
          const origin = originOf(1, 99);
          await limiter().setLimits([origin]);
          await limiter().announce([1, 2].map((n) => announcementOf(origin, n, 1, chat(`c${n}`))));
          expect(await limiter().hold(origin.id, longMs, { key: "c1", unsure: false })).toBe(false);
          expect(numbers(await grants())).toEqual([2]);
        });

        test("who is throttled in doubt holds the scope; a second scope in doubt means the account", async () => {
          const origin = originOf(1, 99);
          await limiter().setLimits([origin]);
          await limiter().announce(
            [1, 2, 3].map((n) => announcementOf(origin, n, 1, chat(`c${n}`))),
          );
          expect(await limiter().hold(origin.id, longMs, { key: "c1", unsure: true })).toBe(false);
          expect(await limiter().hold(origin.id, longMs, { key: "c1", unsure: true })).toBe(false);
          const granted = await grants();
          expect(numbers(granted)).toEqual([2, 3]);
          await limiter().release(granted.map((grant) => releaseOf(grant, { next: "again" })));
          expect(await limiter().hold(origin.id, longMs, { key: "c2", unsure: true })).toBe(true);
          await limiter().announce([announcementOf(origin, 4)]);
          expect(await grants()).toEqual([]);
        });

        test("recovery brings the limits of a conversation back", async () => {
          const origin = originOf(1, 99);
          await limiter().setLimits([origin]);
          await limiter().recover([announcementOf(origin, 1, 2, chat("c1"))]);
          await limiter().release([releaseOf(only(await grants()))]);
          expect(await grants()).toEqual([]);
        });
      });

      test("tenants take turns, and so do the accounts of one", async () => {
        const origins = [
          originOf(1, 99),
          originOf(2, 99),
          originOf(3, 99, { tenant: tenantId(2) }),
        ];
        await limiter().setLimits(origins);
        for (const [place, origin] of origins.entries())
          await limiter().announce(
            Array.from({ length: 9 }, (_, number) => announcementOf(origin, 100 * place + number)),
          );
        const order = (await grants()).map(({ origin }) => Number(origin));
        expect(order.filter((origin, place) => origin !== order[place - 1])).toEqual([
          1, 3, 2, 3, 1, 2,
        ]);
      });

      test("a rebuild that comes late takes nothing out of the window", async () => {
        const origin = originOf(1, 2);
        await limiter().setLimits([origin]);
        await limiter().announce([1, 2, 3].map((number) => announcementOf(origin, number)));
        expect(await grants()).toHaveLength(2);
        const former = storeKnowing(new Map([[origin.id, [longMs / 2]]]));
        expect(await limiter().rebuild(former, [origin], noScopes)).toBe(true);
        await limiter().announce([announcementOf(origin, 4)]);
        expect(await grants()).toEqual([]);
      });
    });

    describe("that is closed", () => {
      test("nothing is granted before the window is rebuilt", async () => {
        const origin = originOf(1, 9);
        await limiter().announce([announcementOf(origin, 1)]);
        expect(await limiter().dispatch("t.", 64)).toEqual({ type: "cold" });
        expect(await limiter().rebuild(nothing, [origin], noScopes)).toBe(true);
        expect(numbers(await grants())).toEqual([1]);
      });

      test("a rebuilt window has what PostgreSQL knows", async () => {
        const origin = originOf(1, 3);
        await limiter().announce([1, 2].map((number) => announcementOf(origin, number)));
        await limiter().rebuild(
          storeKnowing(new Map([[origin.id, [400, 900]]])),
          [origin],
          noScopes,
        );
        expect(numbers(await grants())).toEqual([1]);
      });

      test("a rebuilt limiter has the holds that PostgreSQL knows", async () => {
        const origin = originOf(1, 3);
        await limiter().announce([announcementOf(origin, 1)]);
        const hold = {
          tenant_id: tenantId(1),
          origin_id: origin.id,
          scope: "",
          reason: "quota",
          left_ms: longMs,
        };
        await limiter().rebuild({ ...nothing, holds: async () => [hold] }, [origin], noScopes);
        expect(await grants()).toEqual([]);
      });

      test("a rebuilt limiter has the narrower windows and holds that PostgreSQL knows", async () => {
        const origin = originOf(1, 99);
        const scopes = (identity: string) => [
          { key: identity.replace(/\/.*/, ""), count: 2, windowMs: longMs },
        ];
        const announced = ["one", "two", "three"].map((identity, n) =>
          announcementOf(origin, n + 1, 1, scopes(identity)),
        );
        await limiter().announce(announced);
        const hold = { scope: "three", reason: "throttled", left_ms: longMs };
        const known = {
          ...nothing,
          conversationSends: async () => [
            { identity: "one/a", ages: [400] },
            { identity: "one/b", ages: [900] },
            { identity: "two", ages: [500] },
          ],
          holds: async () => [{ tenant_id: tenantId(1), origin_id: origin.id, ...hold }],
        };
        const scopesOf = () => ({ scopes, scopesWithinMs: longMs });
        expect(await limiter().rebuild(known, [origin], scopesOf)).toBe(true);
        expect(numbers(await grants())).toEqual([2]);
      });

      test("of two rebuilds at the same time one opens the limiter", async () => {
        const origin = originOf(1, 9);
        const both = [
          limiter().rebuild(nothing, [origin], noScopes),
          limiter().rebuild(nothing, [origin], noScopes),
        ];
        expect((await Promise.all(both)).toSorted()).toEqual([false, true]);
      });

      test("a rebuild that fails leaves the limiter closed, and the next one opens it", async () => {
        const origin = originOf(1, 9);
        const broken = { ...nothing, recentSends: () => Promise.reject(new Error("away")) };
        await expect(limiter().rebuild(broken, [origin], noScopes)).rejects.toThrow("away");
        expect(await limiter().dispatch("t.", 64)).toEqual({ type: "cold" });
        expect(await limiter().rebuild(nothing, [origin], noScopes)).toBe(true);
      });
    });
  });
}
