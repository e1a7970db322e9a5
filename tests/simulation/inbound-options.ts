import type { Channel } from "../../src/channels/channel.ts";
import type { AnyRun } from "../../src/conversation/state.ts";
import type { Delivery } from "../../src/conversation/worker-parts.ts";
import type { Dialog } from "../../src/dialog/dialog.ts";
import type { Origins } from "../../src/tenants/origins.ts";
import type { FakeStoreOptions } from "../support/fakes/conversation-options.ts";
import type { InboundMutants } from "./inbound-mutants.ts";
import type { Seat, Stage } from "./stage.ts";

/** What the way in is made of, and who is told of what happens on it. */
export type InboundOptions<Run extends AnyRun> = {
  readonly stage: Stage;
  readonly origins: Origins;
  readonly channel: Channel;
  readonly dialog: Dialog<Run>;
  readonly deliver: (seat: Seat) => (deliveries: readonly Delivery[]) => void;
  readonly onCommit: NonNullable<FakeStoreOptions["onCommit"]>;
  readonly onPark: NonNullable<FakeStoreOptions["onPark"]>;
  readonly onDelivery?: FakeStoreOptions["onDelivery"];
  readonly sessionSilenceMs: number;
  readonly dialogSilenceMs: number;
  readonly webCount: number;
  readonly workerCount: number;
  readonly mutants: InboundMutants;
};
