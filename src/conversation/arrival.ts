import type { Dialog, Language } from "../dialog/dialog.ts";
import type { ChannelEvent } from "../message/event.ts";
import type { TextLimit } from "../message/split.ts";
import type { AnyRun } from "./state.ts";

/** An event with what was known when it was received; `at` is ms by PostgreSQL's clock. */
export type Arrival = { readonly id: string; readonly at: number; readonly event: ChannelEvent };

/** How a conversation is run: its dialog, and the origin's choices. */
export type Rules<Run extends AnyRun> = {
  readonly dialog: Dialog<Run>;
  readonly language: Language;
  readonly enabled: boolean;
  /** Longest words that the channel takes at once. */
  readonly textLimit: TextLimit;
  readonly sessionSilenceMs: number;
  readonly dialogSilenceMs: number;
};
