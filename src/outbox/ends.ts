import type { SendOutcome } from "../channels/channel.ts";
import { storableText } from "../core/text.ts";
import type { ReplyAddress } from "../message/message.ts";
import { readDelivery, writeDelivery } from "../message/outgoing.ts";
import type { Origin } from "../tenants/origins.ts";
import type { Grant } from "./limiter.ts";
import type { AfterAttempt } from "./policy.ts";
import type { Finished, GrantAnswer, SilentSend } from "./store.ts";

/** A delivery that was marked `sending` for one grant. */
export type Marked = Extract<GrantAnswer, { verdict: "marked" }>;

const nothing = {
  st: null,
  de: null,
  mi: null,
  ho: null,
  hr: null,
  hs: "",
  un: false,
  pk: null,
  bo: null,
  w: 0,
  fl: 0,
} as const;

/** The end of an attempt that was made. */
export function attemptEnded(
  grant: Grant,
  marked: Marked,
  given: { readonly outcome: SendOutcome; readonly after: AfterAttempt },
): Finished {
  const { outcome, after } = given;
  return {
    ...keysOf(grant),
    ...endOf(after),
    q: marked.seq,
    a: marked.attempt,
    oc: outcome.type,
    st: "status" in outcome ? outcome.status : null,
    // A platform may put anything into its answer; a row that PostgreSQL refuses would leave a sent message unknown.
    de: detailOf(outcome),
    mi: outcome.type === "sent" ? storable(outcome.messageId) : null,
    bo: after.movedTo === null ? null : movedBody(marked, after.movedTo),
    un: false,
  };
}

function detailOf(outcome: SendOutcome): string | null {
  if (!("detail" in outcome)) return null;
  const named = outcome.type === "rejected" && outcome.reason !== "other";
  return storableText(named ? `${outcome.reason}: ${outcome.detail}` : outcome.detail);
}

function movedBody(marked: Marked, address: ReplyAddress): string {
  return writeDelivery({ ...readDelivery(marked.body), address: storableText(address) });
}

function storable(text: string | null): string | null {
  return text === null ? null : storableText(text);
}

/** The grant's life was over before the call: nothing was sent, the attempt does not count. */
export function grantExpired(grant: Grant, marked: Marked): Finished {
  return {
    ...nothing,
    ...keysOf(grant),
    q: marked.seq,
    a: marked.attempt,
    oc: null,
    fi: false,
    un: true,
  };
}

/** Whether the mark was committed is not known: if it was, it is taken back. */
export function markLost(grant: Grant): Finished {
  return { ...nothing, ...keysOf(grant), q: null, a: null, oc: null, fi: false, un: true };
}

/** The delivery's deadline passed before anything could be sent. */
export function deadlinePassed(grant: Grant, marked: Marked): Finished {
  return {
    ...nothing,
    ...keysOf(grant),
    q: marked.seq,
    a: marked.attempt,
    oc: "expired",
    fi: true,
    pk: "deadline",
  };
}

/** How an attempt is recorded whose sender fell silent; `silent_sends` counts by it. */
const silenceDetail = "sender_silent";

/** Nobody has heard of the sender for longer than a call may take. */
export function senderSilent(send: SilentSend, origin: Origin, after: AfterAttempt): Finished {
  return {
    ...nothing,
    ...endOf(after),
    t: send.tenant_id,
    c: send.conv,
    g: origin.id,
    q: send.seq,
    k: send.token,
    a: send.attempt,
    oc: "unknown",
    de: silenceDetail,
  };
}

function keysOf(grant: Grant): Pick<Finished, "t" | "c" | "g" | "k"> {
  return { t: grant.tenant, c: grant.conversation, g: grant.origin, k: grant.token };
}

function endOf(after: AfterAttempt): Pick<Finished, "fi" | "w" | "fl" | "ho" | "hr" | "hs" | "pk"> {
  return {
    fi: after.final,
    w: after.waitMs,
    fl: after.failures,
    ho: after.hold?.ms ?? null,
    hr: after.hold?.reason ?? null,
    hs: after.hold?.scope?.key ?? "",
    pk: after.parkReason,
  };
}
