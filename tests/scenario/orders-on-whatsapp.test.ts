import { startFakeMeta } from "../../src/channels/meta/fake/platform.ts";
import { driveMeta } from "../support/drive-meta.ts";
import {
  metaSecrets,
  whatsAppAccount,
  whatsAppBusiness,
  whatsAppNumber,
} from "../support/meta-accounts.ts";
import { ordersOn } from "../support/order-scenario.ts";

/** Batches of many clients, each posted up to three times and late, statuses among them; sends refused now and then. */
ordersOn("whatsapp", async (webhookUrl) => {
  // 80 a second, as WhatsApp gives, counted over a window that bears the stalls of a machine on which all of this runs at once.
  const rate = { count: 1_000, windowMs: 12_500 };
  const platform = await startFakeMeta({
    timeScale: 100,
    accounts: [
      {
        product: "whatsapp",
        name: "shop",
        id: whatsAppNumber,
        businessId: whatsAppBusiness,
        token: metaSecrets.token,
        appSecret: metaSecrets["app-secret"],
        webhookUrl,
        rateLimit: rate,
      },
    ],
  });
  const tell = (command: Readonly<Record<string, unknown>>) => platform.control(command);
  const disturb = async () => {
    await tell({ do: "settings", batchMs: 10, statuses: ["read", "sent", "delivered"] });
    const duplicate = { mode: "duplicate", copies: 3, spreadMs: 40 };
    await tell({ do: "webhooks", disturbance: duplicate, probability: 0.3, seed: 11 });
    await tell({
      do: "webhooks",
      disturbance: { mode: "delay", maxMs: 30 },
      probability: 0.5,
      seed: 12,
    });
    const fault = (code: number, more = {}) => ({ mode: "graph", code, ...more });
    await tell({
      do: "sends",
      fault: fault(131056, { retryAfter: "1" }),
      probability: 0.01,
      seed: 13,
    });
    await tell({ do: "sends", fault: fault(130429, { status: 429, retryAfter: "1" }), next: 3 });
  };
  return {
    account: "shop",
    driver: driveMeta(platform),
    apiUrl: platform.url,
    credentials: whatsAppAccount.credentials,
    rate,
    disturb,
    idle: platform.idle,
    stop: platform.stop,
  };
});
