import { type Account, credential } from "../../account.ts";
import type { Connection, Registration } from "../../channel.ts";
import { listOf } from "../fields.ts";
import { askGraph, type Graph, postGraph } from "../graph.ts";
import { dataOf, repliedOf } from "../question.ts";

/** The account is subscribed to the app; the app's address is entered in Meta's dashboard, and no account can ask for it. */
const fields = [
  "messages",
  "message_edit",
  "message_reactions",
  "messaging_optins",
  "messaging_postbacks",
  "messaging_referral",
  "messaging_seen",
  "standby",
] as const;

const byHand =
  "the app's callback address is entered in Meta's dashboard and cannot be seen from here";

/** How an account is subscribed; the notes say what must be done by hand. */
export function createRegistration(graph: Graph): Registration {
  const check = (account: Account) => checkAccount(graph, account);
  return {
    check,
    connect: async (account) => {
      const subscribed = repliedOf(
        await postGraph(graph, account, {
          path: [credential(account, "account-id"), "subscribed_apps"],
          body: { subscribed_fields: fields.join(",") },
        }),
        "subscribing the account to the app",
      );
      return subscribed.ok ? check(account) : subscribed.connection;
    },
  };
}

async function checkAccount(graph: Graph, account: Account): Promise<Connection> {
  const apps = repliedOf(
    await askGraph(graph, account, {
      path: [credential(account, "account-id"), "subscribed_apps"],
    }),
    "asking for the account's subscriptions",
  );
  if (!apps.ok) return apps.connection;
  const subscribed = new Set(dataOf(apps.json).flatMap((app) => listOf(app["subscribed_fields"])));
  const missing = fields.filter((field) => !subscribed.has(field));
  return missing.length === 0
    ? { state: "connected", notes: [byHand] }
    : { state: "drifted", notes: [`the account does not tell of ${missing.join(", ")}`, byHand] };
}
