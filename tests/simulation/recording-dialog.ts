import type { Dialog, DialogRun } from "../../src/dialog/dialog.ts";

/** Ways in which an event can be bad. */
export type Poison = "throws" | "kills" | "breaks_commit";

/** A run that remembers every event it was told of, in order: what is missing, doubled or out of order can be read off it. */
export type RecordingRun = DialogRun<"quiet" | "talking", readonly number[]>;

/** What the code under test must survive: called with the event that is being decided. */
export type Decider = {
  readonly onDecide: (event: number) => void;
  /** Ends the process that decides. */
  readonly die: () => void;
};

/** A client's text: which event it is, and what is wrong with it. */
export function textOf(event: number, poison: Poison | null): string {
  return poison === null ? String(event) : `${event} ${poison}`;
}

/** The event whose text, or answer, this is. */
function eventOf(text: string): number {
  return Number.parseInt(text, 10);
}

/** A dialog that answers every text with itself. */
export function createRecordingDialog({ onDecide, die }: Decider): Dialog<RecordingRun> {
  return {
    initial: { state: "quiet", number: 0, data: [], startedAt: 0, messages: 0 },
    isOpen: (run) => run.state === "talking",
    step: (run, { text, at }) => {
      const event = eventOf(text);
      onDecide(event);
      if (text.endsWith("throws")) throw new Error("a poisonous event");
      if (text.endsWith("kills")) {
        die();
        throw new Error("said by a dead process");
      }
      const open = run.state === "talking";
      const next: RecordingRun = {
        state: "talking",
        number: open ? run.number : run.number + 1,
        data: [...run.data, event],
        startedAt: open ? run.startedAt : at,
        messages: open ? run.messages + 1 : 1,
      };
      const reply = text.endsWith("breaks_commit") ? "\0" : text;
      return { run: next, reply, effects: [], understood: true, reason: null };
    },
    expire: (run, at) => ({
      run: { ...run, state: "quiet" },
      effects: [
        {
          type: "run_ended",
          run: run.number,
          outcome: "expired",
          lastState: run.state,
          messages: run.messages,
          startedAt: run.startedAt,
          endedAt: at,
        },
      ],
    }),
  };
}
