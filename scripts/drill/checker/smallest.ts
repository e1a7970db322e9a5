import type { Histories } from "../histories.ts";
import { messageKey, type Conversation, conversationKey, type Verdict } from "./verdict.ts";

type Entry = { readonly atMs: number; readonly words: string };

/** Lines shown of one conversation. */
const linesMax = 80;

/** The history of the conversation with the fewest entries among those that violate something, as lines by time. */
export function smallestHistory(
  histories: Histories,
  verdicts: readonly Verdict[],
): readonly string[] {
  const guilty = new Map(
    verdicts.flatMap(({ violations }) =>
      violations.flatMap(({ where }) =>
        where === null ? [] : [[conversationKey(where), where] as const],
      ),
    ),
  );
  const stories = [...guilty.values()].map((where) => ({
    where,
    entries: storyOf(histories, where),
  }));
  const smallest = stories.toSorted((a, b) => a.entries.length - b.entries.length)[0];
  if (smallest === undefined) return [];
  const from = smallest.entries[0]?.atMs ?? 0;
  const until = smallest.entries.at(-1)?.atMs ?? 0;
  const around = histories.disturbances
    .filter(({ fromMs, untilMs }) => untilMs >= from && fromMs <= until)
    .map((one) => ({
      atMs: one.fromMs,
      words: `  ! ${one.fault}: ${one.target} ${one.kind} ${one.note} until ${seconds(one.untilMs)}`,
    }));
  const lines = [...smallest.entries, ...around].toSorted((a, b) => a.atMs - b.atMs);
  return [
    `conversation ${conversationKey(smallest.where)}:`,
    ...lines
      .slice(0, linesMax)
      .map(({ atMs, words }) => `  ${seconds(atMs).padStart(9)}  ${words}`),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}

/** Everything that the histories say about one conversation. No text: only kinds, numbers and states. */
function storyOf(histories: Histories, where: Conversation): readonly Entry[] {
  const same = (other: Conversation) => conversationKey(other) === conversationKey(where);
  const written = histories.invocations.filter(same);
  const names = new Map(written.map((one) => [messageKey(one), one.kind]));
  const logs = histories.output.logs.filter(same).toSorted((a, b) => a.seq - b.seq);
  const places = new Map(logs.map((log, place) => [messageKey(log), { place: place + 1, log }]));
  const posts = histories.posts.flatMap((post): Entry[] => {
    const key = messageKey({ account: post.account, message: post.message ?? "" });
    if (!names.has(key) || post.hookType !== "inbox") return [];
    return [
      {
        atMs: post.atMs,
        words: `post of ${post.message} begun ${seconds(post.startedMs)}: ${post.status ?? "no answer"}`,
      },
    ];
  });
  const calls = histories.calls
    .filter((call) => call.account === where.account && call.client === where.client)
    .map((call) => ({
      atMs: call.arrivedMs,
      words: `call ${call.call} for ${call.delivery?.split("-").at(-1) ?? "nothing"}: ${call.acceptedMs === null ? "not taken" : "taken"}, ${call.end?.ending ?? "no end"} ${call.end?.status ?? ""} at ${seconds(call.end?.atMs ?? 0)}`,
    }));
  return [
    ...written.map((one): Entry => {
      const applied = places.get(messageKey(one));
      const state =
        applied === undefined
          ? "not applied"
          : `applied as number ${applied.place}, seq ${applied.log.seq}, ${applied.log.before} to ${applied.log.after}`;
      return {
        atMs: one.atMs,
        words: `writes ${one.message} (${one.kind}${one.poison ? ", poison" : ""}): ${state}`,
      };
    }),
    ...posts,
    ...calls,
  ].toSorted((a, b) => a.atMs - b.atMs);
}
