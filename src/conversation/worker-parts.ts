import type { Channel } from "../channels/channel.ts";
import type { Clock } from "../core/clock.ts";
import type { ConversationId } from "../core/ids.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { Lanes } from "../lane/lanes.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Origin, Origins } from "../tenants/origins.ts";
import type { AnyRun } from "./state.ts";
import type { ConversationStore } from "./store.ts";

/** What a worker works with. */
export type WorkerParts<Run extends AnyRun> = {
  readonly lanes: Lanes;
  readonly store: ConversationStore;
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly dialog: Dialog<Run>;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Tells the outbox which conversations have something to send. Never throws, never waits. */
  readonly deliver: (deliveries: readonly Delivery[]) => void;
};

export type WorkerSettings = {
  readonly sessionSilenceMs: number;
  readonly dialogSilenceMs: number;
  /** After this time a message that could not be sent is given up, ms. */
  readonly deliveryDeadlineMs: number;
};

export type Delivery = {
  readonly origin: Origin;
  readonly conversation: ConversationId;
  /** The customer, by whom the channel tells the conversation's own limits. */
  readonly identity: string | null;
  readonly count: number;
};
