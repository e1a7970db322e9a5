import type { Clock } from "../../core/clock.ts";
import { type Account, credential } from "../account.ts";
import type { Connection, Registration } from "../channel.ts";
import type { Api, ApiAnswer } from "./api.ts";
import { fieldsOf, integer, type Json, words } from "./json.ts";
import { allowedUpdates } from "./read.ts";

/** Deliveries that Telegram makes at the same time, each of another chat. */
const maxConnections = 40;
/** An error that is older says nothing of now, ms. */
const recentMs = 300_000;

/** `setWebhook` and `getWebhookInfo`. */
export function createRegistration(api: Api, clock: Clock): Registration {
  return {
    connect: async (account, address) => {
      const answer = await api.call(account, "setWebhook", {
        url: address,
        secret_token: credential(account, "webhook-secret"),
        allowed_updates: allowedUpdates,
        max_connections: maxConnections,
      });
      if (answer.type !== "ok") return troubleOf(answer);
      return { state: "connected", notes: ["Telegram delivers to our address."] };
    },
    check: async (account, address) => {
      const answer = await api.call(account, "getWebhookInfo", {});
      if (answer.type !== "ok") return troubleOf(answer);
      return judge(fieldsOf(answer.result) ?? {}, { account, address, now: clock.now() });
    },
  };
}

type Wanted = { readonly account: Account; readonly address: string; readonly now: number };

function judge(info: Json, { address, now }: Wanted): Connection {
  const pending = integer(info["pending_update_count"]) ?? 0;
  const failedAt = (integer(info["last_error_date"]) ?? 0) * 1_000;
  const error = failedAt > now - recentMs ? errorOf(info["last_error_message"]) : null;
  const notes = [
    `${pending === 1 ? "1 update waits" : `${pending} updates wait`} at Telegram.`,
    ...(error === null ? [] : [`Its last delivery failed: ${error}.`]),
  ];
  const drift = driftOf(info, address);
  if (drift !== null) return { state: "drifted", notes: [drift, ...notes] };
  // A wrong secret cannot be read back; it shows in how we answer.
  if (error?.includes("401") === true)
    return { state: "drifted", notes: ["Telegram knows another secret than ours.", ...notes] };
  return { state: error !== null && pending > 0 ? "failing" : "connected", notes };
}

function driftOf(info: Json, address: string): string | null {
  const url = words(info["url"]);
  if (url === "") return "Telegram has no webhook of this bot.";
  if (url !== address) return "Telegram delivers to another address.";
  const allowed = info["allowed_updates"];
  const missing = allowedUpdates.filter(
    (kind) => !(Array.isArray(allowed) && allowed.includes(kind)),
  );
  return missing.length === 0 ? null : `Telegram leaves out updates: ${missing.join(", ")}.`;
}

/** A status such as `502 Bad Gateway`, or a few words; nothing of an address. */
function errorOf(message: unknown): string {
  const said = words(message);
  return (
    /\b[1-5]\d\d [A-Z][\w ]{0,40}/.exec(said)?.[0] ??
    said.replaceAll(/\S*[:/@]\S*/g, "…").slice(0, 120)
  );
}

function troubleOf(answer: Exclude<ApiAnswer, { readonly type: "ok" }>): Connection {
  if (answer.type === "refused" && (answer.status === 401 || answer.status === 404))
    return { state: "refused", notes: ["Telegram does not know the token."] };
  if (answer.type === "refused" && answer.status === 400)
    return {
      state: "drifted",
      notes: [`Telegram refuses our address: ${errorOf(answer.description)}.`],
    };
  const why = answer.type === "failure" ? answer.detail : `status ${answer.status}`;
  return { state: "unreachable", notes: [`Telegram cannot be asked (${why}).`] };
}
