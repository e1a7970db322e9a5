import type { LinkFaults } from "../support/simulation/link.ts";
import type { Random } from "../support/simulation/random.ts";

/** What can happen to a process or a server as a whole. */
export type Strike =
  | "kill"
  | "pause"
  | "flush"
  | "restart_empty"
  | "evict"
  | "restart_older"
  | "postgres_away"
  | "redis_away";

/** What goes wrong in one run, and how often. */
export type Temper = {
  readonly isCalm: boolean;
  /** After this nothing goes wrong any more, ms; messages are written before. */
  readonly quietAtMs: number;
  readonly link: LinkFaults | null;
  readonly lostTickets: number;
  /** How likely Redis is emptied right after a grant. */
  readonly flushSoon: number;
  readonly strikes: readonly [Strike, ...Strike[]];
  readonly strikeCount: number;
};

const allStrikes: readonly Strike[] = [
  "kill",
  "kill",
  "pause",
  "pause",
  "flush",
  "restart_empty",
  "evict",
  "restart_older",
  "postgres_away",
  "redis_away",
];
const calmShare = 0.15;
const stormShare = 0.1;
const strikesMax = 10;
const quietMsMin = 2_000;
/** Most runs are short and dense; a worker's lease ends several times in a long one. */
const quietMsMax = [16_000, 16_000, 16_000, 60_000] as const;

/** Nothing goes wrong at all. */
export const calm: Temper = {
  isCalm: true,
  quietAtMs: 0,
  link: null,
  lostTickets: 0,
  flushSoon: 0,
  strikes: ["kill"],
  strikeCount: 0,
};

/** Redis is emptied again and again right after it granted, and calls are slow: all that is in flight then must be accounted for. */
function stormOf(random: Random): Temper {
  return {
    ...calm,
    isCalm: false,
    quietAtMs: quietMsMin + random.int(quietMsMax[0]),
    link: { lost: 0, answerLost: 0, late: 0, slow: 0.4, crash: 0 },
    flushSoon: 0.3,
  };
}

/**
 * Draws a run's temper. Each kind of misfortune is switched on in about half of the runs only: so kinds meet in all combinations,
 * and some runs have nothing but one kind, or nothing at all.
 */
export function drawTemper(random: Random): Temper {
  if (random.chance(stormShare)) return stormOf(random);
  const isCalm = random.chance(calmShare);
  const some = (probability: number): number =>
    !isCalm && random.chance(0.5) ? probability * random.float() : 0;
  const chosen = allStrikes.filter(() => random.chance(0.5));
  const [first = "kill", ...others] = chosen;
  return {
    isCalm,
    quietAtMs: quietMsMin + random.int(random.pick(quietMsMax) - quietMsMin),
    link: isCalm
      ? null
      : {
          lost: some(0.06),
          answerLost: some(0.1),
          late: some(0.06),
          slow: some(0.3),
          crash: some(0.03),
        },
    lostTickets: some(0.3),
    flushSoon: some(0.15),
    strikes: [first, ...others],
    strikeCount: isCalm ? 0 : random.int(strikesMax),
  };
}
