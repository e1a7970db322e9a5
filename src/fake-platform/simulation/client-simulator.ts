import type { ScriptLine } from "./order-script.ts";
import { within } from "../pause.ts";
import type { Person, Reply, SimulationDriver } from "./driver.ts";

/**
 * One client who orders, and judges each reply.
 *
 *   quiet ─ writes a line ─▶ waiting ─ reply and acknowledgement ─▶ quiet … ─ last line ─▶ finished
 *                               └─ nothing in time ─▶ gone (writes no more, still hears)
 *
 * The first reply while waiting answers the line: it fits, or it is an order violation. Anything heard at another time, under
 * an external id heard before, or repeating an earlier reply where it does not fit, is a second reply to an earlier line.
 */

export type ClientFindings = {
  readonly person: Person;
  readonly finished: boolean;
  readonly orders: number;
  readonly messages: number;
  readonly replies: number;
  readonly duplicates: number;
  readonly missing: number;
  readonly orderViolations: number;
  readonly unacknowledged: number;
  readonly latenciesMs: readonly number[];
  /** Sentences without message text. */
  readonly problems: readonly string[];
};

export type ClientSimulatorOptions = {
  readonly person: Person;
  readonly script: readonly ScriptLine[];
  readonly driver: SimulationDriver;
  readonly replyTimeoutMs: number;
  /** Awaited before each message, for a common pace. */
  readonly beforeMessage: () => Promise<void>;
  readonly stopping: AbortSignal;
};

type Waiting = {
  readonly line: ScriptLine;
  readonly startedMs: number;
  readonly onReply: () => void;
};

type Tally = {
  -readonly [Count in
    | "orders"
    | "messages"
    | "replies"
    | "duplicates"
    | "missing"
    | "orderViolations"
    | "unacknowledged"]: ClientFindings[Count];
};

/** A client with a script: `run` writes it, `hear` judges what comes back, `findings` may be asked at any time. */
export class ClientSimulator {
  readonly #options: ClientSimulatorOptions;
  readonly #externalIds = new Set<string>();
  readonly #texts = new Set<string>();
  readonly #latenciesMs: number[] = [];
  readonly #problems: string[] = [];
  readonly #tally: Tally = {
    orders: 0,
    messages: 0,
    replies: 0,
    duplicates: 0,
    missing: 0,
    orderViolations: 0,
    unacknowledged: 0,
  };
  #waiting: Waiting | null = null;
  #finished = false;

  constructor(options: ClientSimulatorOptions) {
    this.#options = options;
  }

  /** Walks the script to its end, or until a reply is missing or the run is stopped; never rejects for a bad system. */
  async run(): Promise<void> {
    for (const line of this.#options.script) {
      await this.#options.beforeMessage();
      if (this.#options.stopping.aborted) return;
      if (!(await this.#exchange(line))) return;
    }
    this.#finished = true;
  }

  /** Takes in a message that the client received. */
  hear(reply: Reply): void {
    this.#tally.replies += 1;
    const waiting = this.#waiting;
    const repeated = this.#isRepeated(reply);
    this.#remember(reply);
    if (this.#tally.missing > 0) {
      this.#note("a reply came after its time was over");
      return;
    }
    if (waiting === null || repeated) {
      this.#tally.duplicates += 1;
      this.#note("a second reply to one message");
      return;
    }
    this.#waiting = null;
    this.#latenciesMs.push(performance.now() - waiting.startedMs);
    this.#judge(waiting.line, reply);
    waiting.onReply();
  }

  findings(): ClientFindings {
    return {
      ...this.#tally,
      person: this.#options.person,
      finished: this.#finished,
      latenciesMs: this.#latenciesMs,
      problems: this.#problems,
    };
  }

  /** False when no reply came; rejects when the platform itself is out of reach. */
  async #exchange(line: ScriptLine): Promise<boolean> {
    const { driver, person, replyTimeoutMs, stopping } = this.#options;
    const limit = { timeoutMs: replyTimeoutMs, signal: stopping };
    const replied = Promise.withResolvers<true>();
    this.#tally.messages += 1;
    this.#waiting = { line, startedMs: performance.now(), onReply: () => replied.resolve(true) };
    const said = driver.say(person, line.content);
    const heard = within(replied.promise, limit);
    if ((await Promise.race([heard, said.then(() => heard)])) === null) return this.#giveUp(line);
    // A client writes on only after the 2xx of its former message, which may come later than the reply.
    if ((await within(said, limit)) !== true) {
      this.#tally.unacknowledged += 1;
      this.#note("the webhook was never acknowledged");
    }
    return true;
  }

  #giveUp(line: ScriptLine): false {
    this.#waiting = null;
    this.#tally.missing += 1;
    this.#note(`no reply came (expected: ${line.expects.step})`);
    return false;
  }

  #isRepeated(reply: Reply): boolean {
    if (reply.externalId !== null && this.#externalIds.has(reply.externalId)) return true;
    const fits = this.#waiting?.line.expects.fits(reply.text) ?? false;
    return !fits && this.#texts.has(reply.text);
  }

  #remember(reply: Reply): void {
    if (reply.externalId !== null) this.#externalIds.add(reply.externalId);
    this.#texts.add(reply.text);
  }

  #judge(line: ScriptLine, reply: Reply): void {
    if (!line.expects.fits(reply.text)) {
      this.#tally.orderViolations += 1;
      this.#note(`the reply does not belong to the step (expected: ${line.expects.step})`);
      return;
    }
    if (line.expects.step === "confirmed") this.#tally.orders += 1;
  }

  #note(problem: string): void {
    const { account, clientId } = this.#options.person;
    this.#problems.push(
      `${account}, client ${clientId}, message ${this.#tally.messages}: ${problem}`,
    );
  }
}
