import { type Check, messageKey } from "./verdict.ts";

/** Promise 7: what crashes whoever handles it is parked, and it alone. */
export const poisonAlone: Check = ({ invocations, output, posts }) => {
  const poison = invocations.filter((one) => one.poison);
  const poisonous = new Set(poison.map(messageKey));
  const parked = new Set(output.parked.map(messageKey));
  const stored = new Set(
    posts.flatMap(({ account, message, status }) =>
      message !== null && status === 200 ? [messageKey({ account, message })] : [],
    ),
  );
  const escaped = poison.filter(
    (one) => stored.has(messageKey(one)) && !parked.has(messageKey(one)),
  );
  const innocent = output.parked.filter((one) => !poisonous.has(messageKey(one)));
  return {
    invariant: "poison fails alone",
    counts: { poison: poison.length, parked: parked.size },
    violations: [
      ...escaped.map((one) => ({
        sentence: `the poisonous message ${one.message} is not parked`,
        where: one,
      })),
      ...innocent.map((one) => ({
        sentence: `message ${one.message} is parked, and nothing is wrong with it`,
        where: invocations.find((written) => messageKey(written) === messageKey(one)) ?? null,
      })),
    ],
  };
};
