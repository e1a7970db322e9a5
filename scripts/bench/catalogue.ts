import type { Scenario } from "./scenario.ts";
import { ack } from "./scenarios/ack.ts";
import { burst } from "./scenarios/burst.ts";
import { idle } from "./scenarios/idle.ts";
import { limit } from "./scenarios/limit.ts";
import { order } from "./scenarios/order.ts";
import { scale } from "./scenarios/scale.ts";
import { soak } from "./scenarios/soak.ts";

/** Every scenario, in the order in which they run. */
export const scenarios: readonly Scenario[] = [ack, order, burst, limit, idle, scale, soak];
