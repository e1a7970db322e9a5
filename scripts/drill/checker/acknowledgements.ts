import type { Histories, Post } from "../histories.ts";
import { messageKey } from "./verdict.ts";

/** When a message was first posted and first acknowledged. */
export type Acknowledgement = {
  readonly startedMs: number;
  readonly acknowledgedMs: number | null;
};

/** Whether somebody said 2xx. */
export function isAcknowledged({ status }: Post): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** First post and first 2xx of each client message, by message. */
export function acknowledgements(histories: Histories): ReadonlyMap<string, Acknowledgement> {
  const known = new Map<string, Acknowledgement>();
  for (const post of histories.posts) {
    if (post.hookType !== "inbox" || post.message === null) continue;
    const key = messageKey({ account: post.account, message: post.message });
    known.set(key, merged(known.get(key), post));
  }
  return known;
}

function merged(before: Acknowledgement | undefined, post: Post): Acknowledgement {
  const earlier = before?.acknowledgedMs ?? null;
  const now = isAcknowledged(post) ? post.atMs : null;
  return {
    startedMs: Math.min(before?.startedMs ?? post.startedMs, post.startedMs),
    acknowledgedMs: earlier === null || now === null ? (earlier ?? now) : Math.min(earlier, now),
  };
}
