import { type Account, credential } from "../../account.ts";
import type { Connection, Registration } from "../../channel.ts";
import { listOf } from "../fields.ts";
import { askGraph, type Graph, postGraph } from "../graph.ts";
import { dataOf, repliedOf } from "../question.ts";

/**
 * An app has one address for all its pages, which is set in the app's own name; each page is subscribed to the app with the fields
 * that a desk needs.
 */
const fields = [
  "messages",
  "message_deliveries",
  "message_echoes",
  "message_edits",
  "message_reactions",
  "message_reads",
  "messaging_optins",
  "messaging_postbacks",
  "messaging_referrals",
  "standby",
] as const;

/** How a page and its app are told our address. */
export function createRegistration(graph: Graph): Registration {
  const check = (account: Account, address: string) => checkPage(graph, account, address);
  return {
    check,
    connect: async (account, address) => {
      const told = repliedOf(
        await postGraph(graph, inAppsName(account), {
          path: [credential(account, "app-id"), "subscriptions"],
          body: {
            object: "page",
            callback_url: address,
            verify_token: credential(account, "verify-token"),
            fields: fields.join(","),
          },
        }),
        "setting the app's callback address",
      );
      if (!told.ok) return told.connection;
      const subscribed = repliedOf(
        await postGraph(graph, account, {
          path: [credential(account, "page-id"), "subscribed_apps"],
          body: { subscribed_fields: fields.join(",") },
        }),
        "subscribing the page to the app",
      );
      return subscribed.ok ? check(account, address) : subscribed.connection;
    },
  };
}

/** The app speaks for itself with its id and its secret. */
function inAppsName(account: Account): Account {
  const token = `${credential(account, "app-id")}|${credential(account, "app-secret")}`;
  return { ...account, credentials: { ...account.credentials, token } };
}

async function checkPage(graph: Graph, account: Account, address: string): Promise<Connection> {
  const page = repliedOf(
    await askGraph(graph, account, { path: [credential(account, "page-id"), "subscribed_apps"] }),
    "asking for the page's subscriptions",
  );
  if (!page.ok) return page.connection;
  const app = repliedOf(
    await askGraph(graph, inAppsName(account), {
      path: [credential(account, "app-id"), "subscriptions"],
    }),
    "asking for the app's callback address",
  );
  if (!app.ok) return app.connection;
  const known = dataOf(app.json).find(({ object }) => object === "page");
  const missing = missingOf(dataOf(page.json));
  const notes = [
    ...(known?.["callback_url"] === address ? [] : ["the app's webhooks go to another address"]),
    ...(missing.length === 0 ? [] : [`the page does not tell of ${missing.join(", ")}`]),
  ];
  return { state: notes.length === 0 ? "connected" : "drifted", notes };
}

function missingOf(apps: ReturnType<typeof dataOf>): readonly string[] {
  const subscribed = new Set(apps.flatMap((app) => listOf(app["subscribed_fields"])));
  return fields.filter((field) => !subscribed.has(field));
}
