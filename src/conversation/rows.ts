import type { ConversationId, OriginId, TenantId } from "../core/ids.ts";
import type { MessageContext } from "../message/message.ts";
import { wordsOf, writeDelivery } from "../message/outgoing.ts";
import { changeRow, isChange } from "./change-rows.ts";
import type { Effect, MessageEffect, ReplyEffect } from "./effect.ts";
import { mediaRows } from "./media-rows.ts";

/** Where rows belong: the lane's place in its group, and the keys every row carries. */
export type RowKeys = {
  readonly i: number;
  readonly t: TenantId;
  readonly c: ConversationId;
  readonly o: OriginId;
  /** The version this commit makes. */
  readonly version: number;
};

type Row = Readonly<Record<string, unknown>>;
/** `k` is the kind, by which `commit_rare` finds it. */
type RareRow = Row & { readonly k: string };

/** The rows of one group, named as `commit_lanes` reads them. */
export type GroupRows = {
  readonly messages: Row[];
  readonly logs: Row[];
  readonly outbox: Row[];
  readonly rare: RareRow[];
};

/** Most rows of one version, so that seq = version * 1000 + ord never meets the next version. */
const rowsPerVersionMax = 1_000;
/** The order table keeps the name that its readers know. */
const orderSource = "chat2desk";

/** Adds what a lane's effects leave behind; returns how many deliveries are among them. */
export function addRows(
  rows: GroupRows,
  keys: RowKeys,
  given: { readonly effects: readonly Effect[]; readonly deadlineMs: number },
): number {
  if (given.effects.length > rowsPerVersionMax) throw new Error("too many rows for one version");
  let deliveries = 0;
  given.effects.forEach((effect, ord) => {
    const q = keys.version * rowsPerVersionMax + ord;
    const at = { i: keys.i, t: keys.t, c: keys.c, q, o: keys.o };
    switch (effect.type) {
      case "message":
        rows.messages.push(messageRow(at, effect));
        addRare(rows, keys, mediaRows(effect.content, { q }));
        return;
      case "edit":
        addRare(rows, keys, [rareRow(effect, q)]);
        addRare(rows, keys, mediaRows(effect.content, { message: effect.messageId }));
        return;
      case "reply":
        rows.messages.push(replyRow(at, effect));
        rows.outbox.push(outboxRow(at, effect, given.deadlineMs));
        deliveries += 1;
        return;
      case "log":
        rows.logs.push({
          ...at,
          ev: effect.eventId,
          cl: effect.clientId,
          mi: effect.messageId,
          tx: effect.text,
          sb: effect.stateBefore,
          sa: effect.stateAfter,
          ok: effect.success,
          er: effect.reason,
          at: effect.at,
        });
        return;
      default:
        addRare(rows, keys, [rareRow(effect, q)]);
    }
  });
  return deliveries;
}

function addRare({ rare }: GroupRows, { i, t, c, o }: RowKeys, added: readonly RareRow[]): void {
  for (const row of added) rare.push({ z: rare.length, i, t, c, origin: o, ...row });
}

function messageRow(at: Row, effect: MessageEffect): Row {
  const { content, context } = effect;
  return {
    ...at,
    ev: effect.eventId,
    ss: effect.session,
    au: effect.author,
    ki: effect.kind,
    vi: effect.shadowed ? "shadowed" : "visible",
    mi: effect.messageId,
    tx: content.text,
    ps: content.parts.length === 0 ? null : content.parts,
    at: effect.at,
    ...(context === null ? {} : contextRow(context)),
  };
}

function contextRow(context: MessageContext): Row {
  return {
    re: context.replyTo,
    al: context.album,
    se: context.sender,
    fw: context.forwardedFrom,
  };
}

function replyRow(at: Row, effect: ReplyEffect): Row {
  return {
    ...at,
    ev: effect.eventId,
    ss: effect.session,
    au: "bot",
    ki: "message",
    vi: "visible",
    tx: wordsOf(effect.content),
    ps: effect.content.type === "text" ? null : [effect.content],
    at: effect.at,
  };
}

function outboxRow(at: Row, effect: ReplyEffect, deadlineMs: number): Row {
  return {
    ...at,
    au: "bot",
    e: effect.ownerEpoch,
    b: writeDelivery(effect),
    dl: deadlineMs,
  };
}

type RareEffect = Exclude<Effect, { readonly type: "message" | "reply" | "log" }>;

function rareRow(effect: RareEffect, q: number): RareRow {
  if (isChange(effect)) return { k: "change", ...changeRow(effect, q) };
  switch (effect.type) {
    case "session": {
      const { record } = effect;
      return {
        k: "session",
        number: record.number,
        owner: record.owner,
        epoch: record.ownerEpoch,
        started: record.startedAt,
        ended: record.endedAt,
      };
    }
    case "dialog":
      return dialogRow(effect);
    case "contact": {
      const { profile } = effect;
      return {
        k: "contact",
        identity: effect.identity,
        name: profile.name,
        assigned: profile.assignedName,
        phone: profile.phone,
        username: profile.username,
        external: profile.externalId,
        blacklisted: effect.blacklisted,
      };
    }
    case "contact_tag":
      return {
        k: "contact_tag",
        identity: effect.identity,
        tag: effect.tagId,
        added: effect.added,
      };
    case "request_tag":
      return {
        k: "request_tag",
        request: effect.requestId,
        tag: effect.tagId,
        added: effect.added,
      };
    case "request":
      return {
        k: "request",
        request: effect.requestId,
        kind: effect.kind,
        opened: effect.openedAt,
        closed: effect.closedAt,
      };
    case "operator":
      return {
        k: "operator",
        operator: effect.operatorId,
        email: effect.email,
        online: effect.online,
        status: effect.status,
        at: effect.at,
      };
    case "reachable":
      return { k: "reachable", identity: effect.identity, reachable: effect.reachable };
    case "settled":
      return {
        k: "settled",
        delivery: effect.delivery,
        attempt: effect.attempt,
        message: effect.messageId,
      };
  }
}

function dialogRow(given: Extract<RareEffect, { type: "dialog" }>): RareRow {
  const { effect } = given;
  if (effect.type === "order_placed") {
    return {
      k: "order",
      run: effect.run,
      phone: effect.phone,
      address: effect.address,
      quantity: effect.quantity,
      source: orderSource,
      client: given.clientId,
    };
  }
  return {
    k: "outcome",
    run: effect.run,
    dialog: "order",
    reason: effect.outcome,
    state: effect.lastState,
    messages: effect.messages,
    started: effect.startedAt,
    ended: effect.endedAt,
  };
}
