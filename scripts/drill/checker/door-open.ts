import type { Disturbance, Histories, Post, Target } from "../histories.ts";
import { isAcknowledged } from "./acknowledgements.ts";
import { answerTimes, slackMs, spread } from "./answer-times.ts";
import type { Check, Violation } from "./verdict.ts";

/** A webhook that cannot be stored is answered 503 within this, ms. */
const refusedWithinMs = 1_000;
/** What may keep a webhook from being acknowledged, or its answer from coming back. */
const doors: readonly Target[] = ["web", "postgres", "web-postgres", "platform-web"];

/** Promises 1 and 4 at the door: nothing but the web processes and PostgreSQL can keep it closed, and it says so within a second. */
export const doorOpen: Check = (histories) => {
  const slack = slackMs(histories, answerTimes(histories));
  const closed = histories.disturbances.filter(({ target }) => doors.includes(target));
  const violations: Violation[] = [];
  for (const post of histories.posts) {
    if (isAcknowledged(post)) continue;
    const sentence = fault(post, closed, slack);
    if (sentence !== null) violations.push({ sentence, where: null });
  }
  const took = spread(
    histories.posts.filter(isAcknowledged).map((post) => post.atMs - post.startedMs),
  );
  return {
    invariant: "the door is open, or says 503 at once",
    counts: {
      posts: histories.posts.length,
      "answered 503": histories.posts.filter(({ status }) => status === 503).length,
      "without an answer": histories.posts.filter(({ status }) => status === null).length,
      "while Redis was away": whileRedisWasAway(histories),
      "p50 ms": took.p50,
      "p99 ms": took.p99,
    },
    violations,
  };
};

function fault(post: Post, closed: readonly Disturbance[], slack: number): string | null {
  // A death is written down when it is noticed, which is after its connections have ended.
  const around = closed.filter(
    ({ fromMs, untilMs }) => fromMs - slack <= post.atMs && untilMs + slack >= post.startedMs,
  );
  const took = Math.round(post.atMs - post.startedMs);
  if (around.length === 0)
    return `a webhook was answered ${post.status ?? "not at all"} after ${took} ms, and nothing kept it from being stored`;
  // Processes that are killed or cut off from the platform cannot answer.
  if (around.some(({ target }) => target === "web" || target === "platform-web")) return null;
  return took > refusedWithinMs + slack
    ? `a webhook waited ${took} ms while PostgreSQL was away`
    : null;
}

function whileRedisWasAway({ posts, disturbances }: Histories): number {
  const away = disturbances.filter(({ target, kind }) => target === "redis" && kind === "killed");
  return posts.filter(
    (post) =>
      isAcknowledged(post) &&
      away.some(({ fromMs, untilMs }) => fromMs <= post.startedMs && post.atMs <= untilMs),
  ).length;
}
