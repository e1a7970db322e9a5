import type { Call, Histories, Invocation, Logged, Order } from "../histories.ts";
import { type ModelState, modelStart, modelStep, replyFits } from "./dialog-model.ts";
import { type Check, conversationKey, groupBy, messageKey, type Violation } from "./verdict.ts";

/**
 * The applied messages of each conversation, replayed through a model of the dialog: the states in the logs, the texts that
 * clients received and the orders must be the model's. This finds decisions on a state that was not the latest.
 */
export const dialogsFollowed: Check = (histories) => {
  const written = new Map(histories.invocations.map((one) => [messageKey(one), one]));
  const texts = textsByEvent(histories);
  const orders = groupBy(histories.output.orders, conversationKey);
  const violations: Violation[] = [];
  let placed = 0;
  for (const [key, logs] of groupBy(histories.output.logs, conversationKey)) {
    const replay = replayed(logs, written, texts);
    violations.push(...replay.violations);
    placed += replay.orders.length;
    const [where] = logs;
    const found = (orders.get(key) ?? []).map(orderText).toSorted();
    if (where !== undefined && found.join() !== replay.orders.map(orderText).toSorted().join())
      violations.push({
        sentence: `${found.length} orders, where the dialog makes ${replay.orders.length}, or with other data`,
        where,
      });
  }
  return {
    invariant: "every decision on the latest state",
    counts: { orders: placed },
    violations,
  };
};

function replayed(
  logs: readonly Logged[],
  written: ReadonlyMap<string, Invocation>,
  texts: ReadonlyMap<string, string>,
): { readonly violations: readonly Violation[]; readonly orders: readonly Order[] } {
  const violations: Violation[] = [];
  const orders: Order[] = [];
  let state = modelStart;
  for (const log of logs.toSorted((a, b) => a.seq - b.seq)) {
    const line = written.get(messageKey(log));
    if (line === undefined) continue;
    const next = modelStep(state, line);
    const sentence = fault(
      log,
      { before: state, after: next },
      texts.get(`${log.account}/${log.event}`),
    );
    if (sentence !== null) violations.push({ sentence, where: log });
    if (state.name === "WAITING_CONFIRMATION" && next.name === "COMPLETED")
      orders.push({
        ...log,
        address: next.address,
        phone: next.phone,
        quantity: Number(next.quantity),
      });
    state = next;
  }
  return { violations, orders };
}

function fault(
  log: Logged,
  model: { readonly before: ModelState; readonly after: ModelState },
  reply: string | undefined,
): string | null {
  const { before, after } = model;
  if (log.before !== before.name || log.after !== after.name)
    return `message ${log.message} led from ${log.before} to ${log.after}, where the dialog goes from ${before.name} to ${after.name}`;
  if (reply !== undefined && !replyFits(after, reply))
    return `the reply to message ${log.message} does not fit ${after.name}`;
  return null;
}

/** The text that a client received for each event, as the platform saw it. */
function textsByEvent({ calls, output }: Histories): ReadonlyMap<string, string> {
  const events = new Map(
    output.replies.map((reply) => [reply.delivery, `${reply.account}/${reply.event}`]),
  );
  const accepted = (call: Call): call is Call & { delivery: string } =>
    call.delivery !== null && call.acceptedMs !== null;
  return new Map(
    calls.filter(accepted).flatMap((call) => {
      const event = events.get(call.delivery);
      return event === undefined ? [] : [[event, call.text] as const];
    }),
  );
}

function orderText({ address, phone, quantity }: Order): string {
  return `${address}|${phone}|${quantity}`;
}
