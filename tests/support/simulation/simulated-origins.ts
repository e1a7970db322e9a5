import { originId, tenantId } from "../../../src/core/ids.ts";
import type { Origin, Origins } from "../../../src/tenants/origins.ts";

const account = { apiUrl: "", credentials: {} };

/** An origin of the simulated platform. */
export function simulatedOrigin(changes: Partial<Origin> = {}): Origin {
  return {
    tenant: tenantId(1),
    id: originId(1),
    channel: "simulated",
    key: "one",
    enabled: true,
    account,
    fault: null,
    sealed: "",
    language: "en",
    rate: { count: 1_000, windowMs: 1_000 },
    inFlightMax: 64,
    unknown: { bot: "hold", operator: "hold" },
    ...changes,
  };
}

/** Origins that never change. */
export function originsOf(origins: readonly Origin[]): Origins {
  return {
    ready: () => true,
    byKey: (channel, key) => origins.find((one) => one.channel === channel && one.key === key),
    lookUp: async (channel, key) =>
      origins.find((one) => one.channel === channel && one.key === key),
    byId: (id) => origins.find((one) => one.id === id),
    all: () => origins,
    refresh: async () => undefined,
  };
}
