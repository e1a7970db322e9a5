import type { OriginId, TenantId } from "../core/ids.ts";

/** One attempt to fetch a file that a message carries. */
export type MediaJob = {
  readonly tenant: TenantId;
  /** A UUID. */
  readonly id: string;
  readonly origin: OriginId;
  /** Where the bytes are, in the channel's own words. */
  readonly file: string;
  /** Counted from 1; the fence of whoever records its end. */
  readonly attempt: number;
  /** How many attempts before ended with the death of their process, and may have left something. */
  readonly cutShort: number;
  /** Since the message was written, ms. */
  readonly ageMs: number;
};

/** How an attempt ended: a closed set. `detail` is a short code without addresses. */
export type MediaOutcome =
  | { readonly type: "stored"; readonly key: string; readonly file: FileFacts }
  /** For ever, as the platform says. */
  | { readonly type: "gone"; readonly detail: string }
  /** Nothing is there now; files that were just sent may appear a little later. */
  | { readonly type: "missing"; readonly detail: string }
  /** For ever, as we say. */
  | { readonly type: "refused"; readonly detail: string }
  | { readonly type: "failed"; readonly detail: string; readonly retryAfterMs: number | null }
  /** This process stops; the attempt says nothing about the file. */
  | { readonly type: "interrupted" };

/** What the bytes say about themselves. */
export type FileFacts = {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  readonly contentType: string;
};

/** Where an attempt puts its bytes: of our own making, another one for each attempt, so that two of them never meet. */
export function storageKey(job: Pick<MediaJob, "tenant" | "id">, attempt: number): string {
  return `${job.tenant}/${job.id.slice(0, 2)}/${job.id}-${attempt}`;
}

/** A failure of this moment. */
export function failedNow(detail: string, retryAfterMs: number | null = null): MediaOutcome {
  return { type: "failed", detail, retryAfterMs };
}
