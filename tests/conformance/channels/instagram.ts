import { createInstagram } from "../../../src/channels/meta/instagram/instagram.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import { instagramAccount, instagramId } from "../../support/meta-accounts.ts";
import type { ChannelHarness } from "../channel-harness.ts";
import { openMeta, platformOf, strange, tellsOf } from "./meta.ts";

const clientId = "6112345678901234";
const shortMs = 400;

/** Instagram and its fake. */
export async function openInstagram(): Promise<ChannelHarness> {
  const stage = await openMeta({ product: "instagram", id: instagramId }, clientId);
  const { platform, next } = stage;
  const account = { ...instagramAccount, apiUrl: platform.url };
  return {
    ...platformOf(stage),
    channel: createInstagram({ http: createHttpClient(), sendTimeoutMs: shortMs }),
    account,
    stranger: { ...account, credentials: { ...account.credentials, ...strange } },
    tells: tellsOf(stage, clientId),
    ends: {
      sent: async () => undefined,
      throttled: () => next("graph", { code: 80002 }),
      rejected: () => next("graph", { code: 10, subcode: 2534022 }),
      failed: () => next("graph", { code: 2, status: 500 }),
      unknown: () => next("cut-after-reading"),
    },
    drift: () => platform.control({ do: "settings", subscribedFields: "messages" }),
  };
}
