/**
 * What a dialog is to the pipeline: a pure machine over one conversation's messages. It does no I/O, reads no clock
 * and decides the same for the same input; the conversation's shell stores what it returns in one transaction.
 */

export type Language = "en" | "ru" | "es";

/** A snapshot that survives in JSON; `data` belongs to the dialog. Times are ms since the epoch, PostgreSQL's clock. */
export type DialogRun<State extends string, Data> = {
  readonly state: State;
  /** Counts the conversation's runs from 1; 0 before the first. With the conversation it names an order for ever. */
  readonly number: number;
  readonly data: Data;
  readonly startedAt: number;
  /** The client's messages in this run. */
  readonly messages: number;
};

/** What the client wrote, as far as a dialog cares: `text` is "" when only a photo, sticker or place came. */
export type DialogInput = { readonly text: string; readonly at: number };

/** How a run ended; `lastState` is where it was when it did. */
export type RunEnded = {
  readonly type: "run_ended";
  readonly run: number;
  readonly outcome: "completed" | "cancelled" | "restarted" | "expired";
  readonly lastState: string;
  readonly messages: number;
  readonly startedAt: number;
  readonly endedAt: number;
};

export type OrderPlaced = {
  readonly type: "order_placed";
  readonly run: number;
  readonly address: string;
  readonly phone: string;
  readonly quantity: number;
};

export type DialogEffect = RunEnded | OrderPlaced;

/** `understood` false means that the question was repeated; `reason` then says why, without quoting the client. */
export type DialogStep<Run> = {
  readonly run: Run;
  readonly reply: string;
  readonly effects: readonly DialogEffect[];
  readonly understood: boolean;
  readonly reason: string | null;
};

/** A dialog as the conversation sees it. `expire` ends an open run after its silence; it answers nothing. */
export type Dialog<Run extends DialogRun<string, unknown>> = {
  readonly initial: Run;
  readonly isOpen: (run: Run) => boolean;
  readonly step: (run: Run, input: DialogInput, language: Language) => DialogStep<Run>;
  readonly expire: (
    run: Run,
    at: number,
  ) => { readonly run: Run; readonly effects: readonly DialogEffect[] };
};
