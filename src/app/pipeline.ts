import { describeError } from "../core/errors.ts";
import { type Periodic, periodic, type Service } from "../core/service.ts";
import type { Warning } from "../health/settings.ts";
import type { Webhooks } from "../ingress/webhook.ts";
import type { Limiter } from "../outbox/limiter.ts";
import type { Accounts } from "../tenants/accounts.ts";
import { createOrigins, type Origins } from "../tenants/origins.ts";
import type { Channels } from "./channels.ts";
import type { Role } from "./config.ts";
import type { Foundation } from "./foundation.ts";
import { createInbound } from "./inbound.ts";
import { createKeeperSet } from "./keepers.ts";
import { createMedia, type Media } from "./media.ts";
import { createOutbound } from "./outbound.ts";
import { type Prepared, roleWarning } from "./prepare.ts";
import type { StopStep } from "./shutdown.ts";
import { type AppStores, createAppStores } from "./stores.ts";

const originsEveryMs = 2_000;
/** Everything that needs a prepared database. */
export type Pipeline = {
  readonly origins: Origins;
  readonly webhooks: Webhooks;
  readonly serveMedia: Media["serve"];
  readonly stores: AppStores;
  readonly services: readonly Service[];
  /** What was found at the start and stays true. */
  readonly warnings: readonly Warning[];
  /** How it is taken down, in order. */
  readonly stopSteps: readonly StopStep[];
};

/** Builds what a role needs and connects its parts; nothing starts yet. */
export function createPipeline(
  foundation: Foundation,
  { channels, accounts }: { readonly channels: Channels; readonly accounts: Accounts },
  prepared: Prepared,
): Pipeline {
  const stores = createAppStores(foundation, prepared);
  const origins = createOrigins(stores.work, accounts);
  const media = createMedia(foundation, stores, { channels, origins });
  const { fileAddress } = media;
  const outbound = createOutbound(foundation, stores, { channels, origins, fileAddress });
  const { deliver } = outbound;
  const inbound = createInbound(foundation, stores, { channels, origins, deliver });
  const keepers = createKeeperSet({
    foundation,
    stores,
    inbound,
    outbound,
    origins,
    channels,
    accounts,
  });
  const services = servicesOf(foundation.role, {
    origins: [refreshOrigins(foundation, origins, outbound.limiter)],
    work: inbound.services,
    fetch: media.services,
    send: outbound.services,
    keepIn: keepers.inbound,
    keepOut: keepers.outbound,
  });
  const stopServices = () => Promise.all(services.toReversed().map((service) => service.stop()));
  return {
    origins,
    webhooks: inbound.webhooks,
    serveMedia: media.serve,
    stores,
    services,
    warnings: warningsOf(prepared, accounts),
    stopSteps: [
      { name: "services", reserveMs: 3_000, run: stopServices },
      // A call that hangs longer is recorded as unknown by somebody else.
      { name: "calls in flight", reserveMs: 2_500, run: outbound.idle },
      { name: "queues", reserveMs: 1_200, run: stores.closeQueues },
      { name: "leads", reserveMs: 800, run: keepers.giveUpLeads },
      { name: "databases", reserveMs: 300, run: stores.closeDatabases },
    ],
  };
}

function warningsOf(prepared: Prepared, { keyring }: Accounts): readonly Warning[] {
  return [
    ...(prepared.restricted ? [] : [{ sentence: roleWarning, breaksPromise: true }]),
    ...(keyring.seals ? [] : [{ sentence: readableWarning, breaksPromise: false }]),
  ];
}

const readableWarning =
  "Credentials of origins are stored unencrypted: set HOOKDESK_SECRET_KEY, then run `npm run hookdesk -- origins rotate`.";

type ServiceSet = Readonly<
  Record<"origins" | "work" | "fetch" | "send" | "keepIn" | "keepOut", readonly Service[]>
>;

/** Which services a role runs. Every promise holds without `cron`, whose services others run too. */
function servicesOf(role: Role, set: ServiceSet): readonly Service[] {
  switch (role) {
    case "web":
      return set.origins;
    case "worker":
      return [...set.origins, ...set.keepIn, ...set.work, ...set.fetch];
    case "outbox":
      return [...set.origins, ...set.keepOut, ...set.send];
    case "cron":
      return [...set.origins, ...set.keepIn, ...set.keepOut];
    case "all":
      return [
        ...set.origins,
        ...set.keepIn,
        ...set.keepOut,
        ...set.work,
        ...set.fetch,
        ...set.send,
      ];
  }
}

/** Keeps the origins and, in Redis, their limits as they stand in PostgreSQL. */
function refreshOrigins(
  { redis, logger }: Foundation,
  origins: Origins,
  limiter: Limiter,
): Periodic {
  return periodic({
    name: "origins",
    pauseMs: originsEveryMs,
    onError: (error) => logger.debug("origins", { error: describeError(error) }),
    run: async () => {
      await origins.refresh();
      if (redis.ready()) await limiter.setLimits(origins.all());
      return undefined;
    },
  });
}
