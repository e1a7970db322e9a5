import type { Answer, Exchange } from "../../../fake-platform/http-front.ts";
import type { FakeAccount } from "./account.ts";
import { dataAnswer, errorAnswer } from "./answers.ts";
import type { MediaShelf } from "./media-shelf.ts";
import type { MessagesApi } from "./messages-api.ts";
import {
  numberAnswer,
  setNumber,
  setSubscription,
  subscribeApp,
  subscribedAppsAnswer,
  subscriptionsAnswer,
} from "./settings-api.ts";

/** The Graph as far as a desk needs it: `/v23.0/{object}[/{edge}]`, and the files behind it. */
export type GraphApiOptions = {
  readonly accounts: readonly FakeAccount[];
  readonly messages: MessagesApi;
  readonly shelf: MediaShelf;
  /** Where the platform itself is, for addresses that it hands out. */
  readonly url: () => string;
};

const UNKNOWN_OBJECT = { code: 100, subcode: 33 };
const BAD_TOKEN = 190;
const VERSIONED = /^\/v\d+\.\d+\/([^/]+)(?:\/([^/]+))?$/;

type Asked = {
  readonly account: FakeAccount;
  readonly object: string;
  readonly edge: string | null;
};

/** Answers every call of the Graph; one that it does not know is an unknown object, as on the platform. */
export class GraphApi {
  readonly #options: GraphApiOptions;

  constructor(options: GraphApiOptions) {
    this.#options = options;
  }

  async receive(exchange: Exchange): Promise<void> {
    const { path, method } = exchange;
    const account = this.#accountOf(exchange);
    if (account === null)
      return await exchange.answer(errorAnswer({ code: BAD_TOKEN, status: 401 }));
    const [, object = "", edge = null] = VERSIONED.exec(path) ?? [];
    const asked = { account, object, edge };
    if (method === "POST" && edge === "messages" && isOwn(account, object))
      return await this.#options.messages.receive(account, exchange);
    await exchange.answer(await this.#answer(exchange, asked));
  }

  /** By the token, or by the app's id and secret where an app speaks for itself. */
  #accountOf({ header, query }: Exchange): FakeAccount | null {
    const bearer = /^Bearer (.+)$/.exec(header("authorization") ?? "")?.[1];
    const token = bearer ?? query.get("access_token");
    const speaks = ({ token: own, options }: FakeAccount) =>
      // An exchanged token goes on until it ends by itself.
      [own, options.token, `${options.appId}|${options.appSecret}`].includes(token ?? "");
    return this.#options.accounts.find(speaks) ?? null;
  }

  async #answer(exchange: Exchange, { account, object, edge }: Asked): Promise<Answer> {
    const { method, path } = exchange;
    if (path.startsWith("/media/")) return await this.#file(path.slice("/media/".length));
    if (path === "/refresh_access_token") return renewed(account);
    const call = `${method} ${edge ?? ""}`.trim();
    if (call === "GET" && object !== account.options.id) return this.#mediaAnswer(object);
    const setting = settings.get(call);
    const own =
      edge === "subscriptions" ? object === account.options.appId : isOwn(account, object);
    return setting === undefined || !own ? unknown() : setting(account, exchange);
  }

  #mediaAnswer(id: string): Answer {
    const file = this.#options.shelf.find(id);
    if (file === null) return unknown();
    const url = `${this.#options.url()}/media/${id}`;
    return dataAnswer({ id, url, mime_type: file.mimeType, messaging_product: "whatsapp" });
  }

  /** The bytes are those of the address that the client's file came from. */
  async #file(id: string): Promise<Answer> {
    const file = this.#options.shelf.find(id);
    if (file === null) return { status: 404, body: "" };
    const answer = await fetch(file.url);
    const headers = { "content-type": file.mimeType };
    return { status: 200, body: new Uint8Array(await answer.arrayBuffer()), headers };
  }
}

type Setting = (account: FakeAccount, exchange: Exchange) => Answer | Promise<Answer>;

const settings: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ["GET", numberAnswer],
  ["POST", setNumber],
  ["GET subscribed_apps", subscribedAppsAnswer],
  ["POST subscribed_apps", subscribeApp],
  ["GET subscriptions", subscriptionsAnswer],
  ["POST subscriptions", setSubscription],
]);

function isOwn({ options, businessId }: FakeAccount, object: string): boolean {
  return object === options.id || object === businessId || object === "me";
}

/** A long-lived token of Instagram is exchanged for another that lives as long. */
function renewed(account: FakeAccount): Answer {
  account.token = `${account.options.token}-renewed`;
  return dataAnswer({
    access_token: account.token,
    token_type: "bearer",
    expires_in: account.tokenLifeS,
  });
}

function unknown(): Answer {
  return errorAnswer(UNKNOWN_OBJECT);
}
