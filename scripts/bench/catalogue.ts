import type { Scenario } from "./scenario.ts";
import { order } from "./scenarios/order.ts";

/** Every scenario, in the order in which they run. */
export const scenarios: readonly Scenario[] = [order];
