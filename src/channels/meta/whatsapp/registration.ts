import { type Account, credential } from "../../account.ts";
import type { Connection, Registration } from "../../channel.ts";
import { fieldsOf } from "../fields.ts";
import { askGraph, type Graph, postGraph } from "../graph.ts";
import { dataOf, repliedOf } from "../question.ts";

/**
 * The number gets a callback address of its own, so that several numbers of one app are several origins; the business account
 * is subscribed to the app, without which nothing is delivered at all.
 */
export function createRegistration(graph: Graph): Registration {
  const check = (account: Account, address: string) => checkNumber(graph, account, address);
  return {
    check,
    connect: async (account, address) => {
      const subscribed = repliedOf(
        await postGraph(graph, account, {
          path: [credential(account, "waba-id"), "subscribed_apps"],
          body: {},
        }),
        "subscribing the app to the business account",
      );
      if (!subscribed.ok) return subscribed.connection;
      const told = repliedOf(
        await postGraph(graph, account, {
          path: [credential(account, "phone-number-id")],
          body: {
            webhook_configuration: {
              override_callback_uri: address,
              verify_token: credential(account, "verify-token"),
            },
          },
        }),
        "setting the number's callback address",
      );
      return told.ok ? check(account, address) : told.connection;
    },
  };
}

async function checkNumber(graph: Graph, account: Account, address: string): Promise<Connection> {
  const number = repliedOf(
    await askGraph(graph, account, {
      path: [credential(account, "phone-number-id")],
      query: "fields=webhook_configuration",
    }),
    "asking for the number's callback address",
  );
  if (!number.ok) return number.connection;
  const apps = repliedOf(
    await askGraph(graph, account, { path: [credential(account, "waba-id"), "subscribed_apps"] }),
    "asking for the subscribed apps",
  );
  if (!apps.ok) return apps.connection;
  const notes = [
    ...(callbackOf(number.json) === address ? [] : ["the number's webhooks go to another address"]),
    ...(dataOf(apps.json).length > 0 ? [] : ["no app is subscribed to the business account"]),
  ];
  return { state: notes.length === 0 ? "connected" : "drifted", notes };
}

/** The narrowest address wins: of the number, of the business account, of the app. */
function callbackOf(json: Readonly<Record<string, unknown>>): unknown {
  const known = fieldsOf(json["webhook_configuration"]);
  return known["phone_number"] ?? known["whatsapp_business_account"] ?? known["application"];
}
