import { isSupported } from "../channels/capability.ts";
import type { Acknowledgement, Channel } from "../channels/channel.ts";
import { readWebhook } from "../channels/webhook.ts";
import type { Clock } from "../core/clock.ts";
import type { FreshEvent, Journal, Stored } from "../journal/journal.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Origin, Origins } from "../tenants/origins.ts";
import { readBody } from "./body.ts";
import { refusal, wrongMethod } from "./refusal.ts";
import { createUnstoredNote } from "./unstored-note.ts";

/**
 * A webhook's way in: verify over the raw bytes, split into events, commit, answer, and wake the lanes without waiting for
 * Redis. Nothing else happens before the answer.
 * The checks come in this order: 404, 413, 415, 401, 400, 503; what passes them all is answered 200, understood or not.
 * A GET is the platform's question whether the address is ours; it changes nothing.
 */
export type Webhooks = (request: Request, channel: string, originKey: string) => Promise<Response>;

export type WebhookParts = {
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly journal: Journal;
  /** Wakes the lanes of new events; never throws, never waits. */
  readonly post: (events: readonly FreshEvent[]) => void;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
};

/** Makes the handler of `/webhook/{channel}/{originKey}`. */
export function createWebhooks(parts: WebhookParts): Webhooks {
  const noteUnstored = createUnstoredNote(parts.logger, parts.clock);
  const answer = async (
    request: Request,
    channelName: string,
    originKey: string,
  ): Promise<Response> => {
    const channel = parts.channels.get(channelName);
    if (!parts.origins.ready())
      return refusal(503, "not_ready", "Hookdesk has not read its origins yet");
    const origin =
      channel === undefined ? undefined : await parts.origins.lookUp(channelName, originKey);
    if (channel === undefined || origin === undefined)
      return refusal(404, "unknown_origin", "no origin has this address");
    // Nobody can tell a webhook from a forgery now; the platform delivers again.
    if (origin.fault !== null)
      return refusal(503, "origin_unusable", "the origin's credentials cannot be read");
    return byMethod(request, channel, origin);
  };

  const byMethod = (
    request: Request,
    channel: Channel,
    origin: Origin,
  ): Promise<Response> | Response => {
    if (request.method === "POST") return accept(request, channel, origin);
    if (request.method === "GET") return greet(request, channel, origin);
    return wrongMethod(methodsOf(channel));
  };

  const accept = async (request: Request, channel: Channel, origin: Origin): Promise<Response> => {
    const body = await readBody(request);
    if (!body.ok) return body.refusal;
    const verified = channel.verify({ headers: request.headers, body: body.bytes }, origin.account);
    if (!verified.ok) return refusal(401, verified.reason, signatureSentences[verified.reason]);
    const webhook = readWebhook(channel, body.bytes, origin.account);
    if (!webhook.ok) return refusal(400, webhook.reason, bodySentences[webhook.reason]);
    return store({ origin, raw: body.bytes, events: webhook.events }, channel);
  };

  const store = async (
    webhook: Parameters<Journal["store"]>[0],
    channel: Channel,
  ): Promise<Response> => {
    try {
      const stored = await parts.journal.store(webhook);
      parts.post(stored.flatMap((one) => (one.type === "fresh" ? [one.event] : [])));
      note(parts, webhook.origin, stored);
      return acknowledged(channel.acknowledge(webhook.events));
    } catch (error) {
      noteUnstored(webhook.origin.id, error);
      return refusal(503, "not_stored", "the event could not be stored; deliver it again");
    }
  };

  return async (request, channel, originKey) => {
    const begun = parts.clock.monotonic();
    const response = await answer(request, channel, originKey);
    parts.metrics.ackSeconds.observe((parts.clock.monotonic() - begun) / 1_000);
    if (response.status !== 200) parts.metrics.refused.inc({ status: response.status });
    return response;
  };
}

/** Counts what became of a webhook's events. */
function note({ metrics, logger }: WebhookParts, origin: Origin, stored: readonly Stored[]): void {
  const labels = { channel: origin.channel };
  for (const one of stored) {
    if (one.type === "duplicate") metrics.duplicates.inc(labels);
    else metrics.accepted.inc(labels);
    if (one.type === "ignored") {
      metrics.ignored.inc({ ...labels, reason: one.reason });
      logger.debug("event ignored", { origin: origin.id, reason: one.reason });
    }
    if (one.type === "fresh" && logger.debugs) {
      const { id: event, conversation } = one.event;
      logger.debug("event accepted", { origin: origin.id, event, conversation });
    }
  }
}

function methodsOf(channel: Channel): string {
  return isSupported(channel.handshake) ? "GET, POST" : "POST";
}

function greet(request: Request, channel: Channel, origin: Origin): Response {
  if (!isSupported(channel.handshake)) return wrongMethod(methodsOf(channel));
  const answer = channel.handshake(new URL(request.url).searchParams, origin.account);
  if (!answer.ok) return refusal(403, "handshake_refused", "the question is not for this origin");
  return acknowledged({ contentType: "text/plain", body: answer.body });
}

function acknowledged({ contentType, body }: Acknowledgement): Response {
  return new Response(body, { headers: { "Content-Type": contentType } });
}

const signatureSentences = {
  signature_missing: "the webhook is not signed",
  signature_wrong: "the signature does not fit the body",
} as const;

const bodySentences = {
  not_utf8: "the body is not UTF-8",
  not_json: "the body is not JSON",
  too_deep: "the body is nested too deeply",
  not_an_object: "the body is not a JSON object",
} as const;
