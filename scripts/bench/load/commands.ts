import { z } from "zod";
import { percentilesShape } from "./samples.ts";

/**
 * Where webhooks go, in the form of which platform; with several paths, clients take them in turn by their id. `token` signs those
 * of Chat2Desk.
 */
const targetShape = z.object({
  port: z.number(),
  paths: z.array(z.string()).min(1),
  dialect: z.enum(["chat2desk", "telegram"]),
  token: z.string(),
});

/**
 * Clients that walk the order dialog. Client ids are `first`, `first + stride`, …; each says its messages of the numbers `from` to
 * `to` (exclusive), counted from 0; after five the dialog begins again.
 */
const planShape = z.object({
  target: targetShape,
  clients: z.object({ first: z.number(), count: z.number(), stride: z.number() }),
  from: z.number(),
  to: z.number(),
  /** Whether a webhook that was not accepted is delivered again, as the platforms do it, until it is. */
  redeliver: z.boolean(),
  /** Whether to remember when each reply arrived. */
  keepArrivals: z.boolean(),
});

/**
 * How messages are sent.
 *   walk    `concurrency` clients at a time, each through all its messages: the next when the former was acknowledged, or answered
 *   rotate  the first message of each client, then the second of each, …, on `concurrency` connections
 *   rate    as rotate, but at instants laid down before; a latency is counted from that instant, whatever delayed the sending
 */
const paceShape = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("walk"),
    concurrency: z.number(),
    next: z.enum(["acknowledged", "answered"]),
  }),
  z.object({ type: z.literal("rotate"), concurrency: z.number() }),
  z.object({ type: z.literal("rate"), perSecond: z.number() }),
]);

/** What the bench asks of its generator; each command is answered once, with its number. */
export const commandShape = z.object({
  number: z.number(),
  command: z.discriminatedUnion("do", [
    /** Makes ready everything that can be made before the clock starts. */
    z.object({ do: z.literal("prepare"), run: z.string(), plan: planShape }),
    /** Sends all; answered when all are acknowledged. */
    z.object({
      do: z.literal("post"),
      run: z.string(),
      pace: paceShape,
      patienceMs: z.number(),
    }),
    /** Waits for the replies that are missing, as long as any arrives within `patienceMs`; the run is over then. */
    z.object({ do: z.literal("settle"), run: z.string(), patienceMs: z.number() }),
    /** Ends a run without waiting for replies. */
    z.object({ do: z.literal("forget"), run: z.string() }),
    z.object({ do: z.literal("progress"), run: z.string() }),
  ]),
});

export type Target = z.infer<typeof targetShape>;
export type Plan = z.infer<typeof planShape>;
export type Pace = z.infer<typeof paceShape>;
export type Command = z.infer<typeof commandShape>["command"];

export const preparedShape = z.object({ messages: z.number() });

export const postedShape = z.object({
  messages: z.number(),
  /** From the first request to the last acknowledgement. */
  seconds: z.number(),
  /** Requests that were answered with an error, or not at all. */
  refused: z.number(),
  /** Messages that were never accepted. */
  unaccepted: z.number(),
  ackMs: percentilesShape,
  /** How late requests left against their instants: the generator's own fault. Zero unless at a rate. */
  lateMs: percentilesShape,
});

export const settledShape = z.object({
  messages: z.number(),
  answered: z.number(),
  /** From the first request, or from `secondsToFirstReply`, to the last reply. */
  seconds: z.number(),
  secondsToFirstReply: z.number(),
  replyMs: percentilesShape,
  /** Clients who got a wrong reply, one too many or one too few. */
  brokenDialogs: z.number(),
  missingReplies: z.number(),
  extraReplies: z.number(),
  /** When each reply arrived, ms since the first request; empty unless asked for. */
  arrivalsMs: z.array(z.number()),
});

export const progressShape = z.object({
  sent: z.number(),
  acknowledged: z.number(),
  answered: z.number(),
});

export type Posted = z.infer<typeof postedShape>;
export type Settled = z.infer<typeof settledShape>;
export type Progress = z.infer<typeof progressShape>;

/** What the generator says: once that it is ready, then one answer per command. */
export const reportShape = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), sinkPort: z.number() }),
  z.object({ type: z.literal("answer"), number: z.number(), result: z.unknown() }),
  z.object({ type: z.literal("failed"), number: z.number(), reason: z.string() }),
]);

export type Report = z.infer<typeof reportShape>;
