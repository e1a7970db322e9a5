import type { ChannelEvent, OutboundMessage, Receipt } from "../message/event.ts";
import type { OutboxFacts } from "./echo.ts";
import type { AnyRun } from "./state.ts";
import type { ConversationStore, EchoAnswer } from "./store.ts";
import type { Turn } from "./turn.ts";

/** Asks the outbox about every message that came back in these turns, or of which something is told; by event id. Asks nothing when there is none. */
export async function gatherFacts(
  store: ConversationStore,
  turns: readonly Turn<AnyRun>[],
): Promise<ReadonlyMap<string, OutboxFacts>> {
  const echoes = turns.flatMap((turn) =>
    turn.arrivals.flatMap(({ id, event }) =>
      isAboutOurs(event) ? [{ turn, id, messageId: messageIdOf(event) }] : [],
    ),
  );
  if (echoes.length === 0) return new Map();
  const answers = await store.echoFacts(
    echoes.map(({ turn, messageId }, i) => ({
      i,
      t: turn.lane.tenant,
      c: turn.lane.conversation,
      g: turn.origin.id,
      m: messageId,
    })),
  );
  const facts = new Map<string, OutboxFacts>();
  for (const answer of answers) {
    const echo = echoes[answer.i];
    if (echo !== undefined) facts.set(echo.id, factsOf(answer));
  }
  return facts;
}

function isAboutOurs(event: ChannelEvent): event is OutboundMessage | Receipt {
  return event.type === "outbound_message" || event.type === "receipt";
}

/** No message has an empty id: of a receipt up to a time only what is in flight matters. */
function messageIdOf(event: OutboundMessage | Receipt): string {
  if (event.type === "outbound_message") return event.messageId;
  return event.of.kind === "message" ? event.of.messageId : "";
}

function factsOf(answer: EchoAnswer): OutboxFacts {
  const unsettled = answer.unsettled.map((one) => ({
    seq: one.seq,
    attempt: one.n,
    text: one.text,
  }));
  return { ours: answer.ours, inFlight: answer.in_flight, unsettled };
}
