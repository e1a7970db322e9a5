import { type Check, groupBy, messageKey, type Violation } from "./verdict.ts";

/** Promise 2: a message changes things once, however often it was delivered, and nothing is applied that nobody wrote. */
export const effectsOnce: Check = ({ invocations, output }) => {
  const written = new Set(invocations.map(messageKey));
  const violations: Violation[] = [];
  for (const [key, logs] of groupBy(output.logs, messageKey)) {
    const [first] = logs;
    if (first === undefined) continue;
    if (logs.length > 1)
      violations.push({
        sentence: `message ${first.message} was applied ${logs.length} times`,
        where: first,
      });
    if (!written.has(key))
      violations.push({
        sentence: `message ${first.message} was applied and nobody wrote it`,
        where: first,
      });
  }
  for (const replies of groupBy(
    output.replies,
    (reply) => `${reply.account}/${reply.event}`,
  ).values()) {
    const [first] = replies;
    if (first !== undefined && replies.length > 1)
      violations.push({ sentence: `one message has ${replies.length} replies`, where: first });
  }
  return {
    invariant: "effects once",
    counts: { logs: output.logs.length, replies: output.replies.length },
    violations,
  };
};
