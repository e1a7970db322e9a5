import { CommandError } from "./command-error.ts";
import type { EventLog, Logged } from "./event-log.ts";
import { decodeJson, encodeJson } from "./exact-json.ts";
import type { Answer, Exchange } from "./http-front.ts";
import { pause } from "./pause.ts";

/** `POST /__control`, `GET /__log` and `GET /__stats`: for tests and the simulation, from this machine only. */
export type ControlApiOptions<Fact extends { readonly kind: string }> = {
  readonly log: EventLog<Fact>;
  readonly stats: () => unknown;
  /** Reads and carries out a command. @throws CommandError when it is none. */
  readonly carryOut: (body: unknown) => Promise<unknown>;
};

/** The longest time that `GET /__log` waits for something new. */
const LOG_WAIT_MS_MAX = 30_000;
const LOG_ENTRIES_MAX = 5_000;

/** Answers control calls; a bad command is a 400 with the reason and changes nothing. */
export class ControlApi<Fact extends { readonly kind: string }> {
  readonly #options: ControlApiOptions<Fact>;
  readonly #stopping = new AbortController();

  constructor(options: ControlApiOptions<Fact>) {
    this.#options = options;
  }

  async receive(exchange: Exchange): Promise<void> {
    await exchange.answer(
      exchange.fromLoopback ? await this.#route(exchange) : refusal(403, "only from this machine"),
    );
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #route(exchange: Exchange): Promise<Answer> {
    switch (`${exchange.method} ${exchange.path}`) {
      case "POST /__control":
        return await this.#control(exchange);
      case "GET /__log":
        return await this.#readLog(exchange.query);
      case "GET /__stats":
        return {
          status: 200,
          body: encodeJson({ accounts: this.#options.stats(), lastSeq: this.#options.log.lastSeq }),
        };
      default:
        return refusal(404, "there are POST /__control, GET /__log and GET /__stats");
    }
  }

  async #control(exchange: Exchange): Promise<Answer> {
    try {
      const body = decodeJson(await exchange.read());
      const done = this.#options.carryOut(body);
      const result = exchange.query.get("wait") === "no" ? forget(done) : await done;
      return { status: 200, body: encodeJson({ ok: true, result }) };
    } catch (error) {
      if (error instanceof CommandError || error instanceof SyntaxError) {
        return refusal(400, error.message);
      }
      throw error;
    }
  }

  async #readLog(query: URLSearchParams): Promise<Answer> {
    const since = Number(query.get("since") ?? 0) || 0;
    const waitMs = Math.min(LOG_WAIT_MS_MAX, Number(query.get("waitMs") ?? 0) || 0);
    const fits = (entry: Logged<Fact>) => (query.get("kind") ?? entry.kind) === entry.kind;
    const read = () => this.#options.log.since(since).filter(fits).slice(0, LOG_ENTRIES_MAX);
    if (read().length === 0 && waitMs > 0) await this.#waitForNews(fits, waitMs);
    const entries = read();
    const next = entries.at(-1)?.seq ?? Math.max(since, this.#options.log.lastSeq);
    return { status: 200, body: encodeJson({ entries, next }) };
  }

  async #waitForNews(fits: (entry: Logged<Fact>) => boolean, waitMs: number): Promise<void> {
    const news = new AbortController();
    const ends = AbortSignal.any([news.signal, this.#stopping.signal]);
    const forgetNews = this.#options.log.listen((entry) => fits(entry) && news.abort());
    await pause(waitMs, ends);
    forgetNews();
  }
}

/** Lets a command go on by itself; what goes wrong with it is seen in the log. */
function forget(work: Promise<unknown>): null {
  work.catch(() => undefined);
  return null;
}

function refusal(status: number, message: string): Answer {
  return { status, body: encodeJson({ ok: false, message }) };
}
