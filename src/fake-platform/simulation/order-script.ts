import type { Line } from "./driver.ts";
import type { Random } from "../seeded-random.ts";

/**
 * What a simulated client writes to order, and what each reply must be about. A client knows the bot only by the words it
 * was promised: the prompts contain address, phone, quantity and yes, and the summary repeats the data.
 */

export type Expectation = {
  readonly step: "address" | "phone" | "quantity" | "summary" | "yes or no" | "confirmed";
  readonly fits: (reply: string) => boolean;
};

export type ScriptLine = { readonly content: Line; readonly expects: Expectation };

export type OrderScriptOptions = {
  readonly random: Random;
  /** Goes into the address, so that a reply with another client's data is noticed. */
  readonly person: string;
  /** The share of steps at which the client first answers something unfit, 0 … 1. */
  readonly mistakeShare: number;
  /** True refuses the first summary and orders again. */
  readonly saysNo: boolean;
};

type Order = { readonly address: string; readonly phone: string; readonly quantity: number };

const ASKS_ADDRESS: Expectation = { step: "address", fits: asksFor(/address/i) };
const ASKS_PHONE: Expectation = { step: "phone", fits: asksFor(/phone/i) };
const ASKS_QUANTITY: Expectation = { step: "quantity", fits: asksFor(/quantity/i) };
const ASKS_YES: Expectation = { step: "yes or no", fits: (reply) => YES.test(reply) };
const YES = /\byes\b/i;
const CONFIRMS: Expectation = {
  step: "confirmed",
  fits: (reply) => reply !== "" && !YES.test(reply),
};

/** Writes a client's whole conversation; its last line is the yes that makes the order. */
export function writeOrderScript(options: OrderScriptOptions): readonly ScriptLine[] {
  const start = line(
    { text: pick(options.random, ["Hi", "Hello!", "I want to order"]) },
    ASKS_ADDRESS,
  );
  const refused = options.saysNo ? [...fillIn(options), line({ text: "No." }, ASKS_ADDRESS)] : [];
  const unclear = slips(options) ? [line({ text: "maybe" }, ASKS_YES)] : [];
  const confirm = pick(options.random, ["yes", "YES", "Yes!"]);
  return [start, ...refused, ...fillIn(options), ...unclear, line({ text: confirm }, CONFIRMS)];
}

/** From the address to the summary, with the mistakes on the way. */
function fillIn(options: OrderScriptOptions): readonly ScriptLine[] {
  const { random } = options;
  const order = chooseOrder(options);
  const phone = pick(random, [order.phone, order.phone.replace("+", "00"), ` ${order.phone} `]);
  return [
    ...mistake(options, [{ text: "abc" }, { photo: "https://example.com/door.jpg" }], ASKS_ADDRESS),
    line({ text: order.address }, ASKS_PHONE),
    ...mistake(options, [{ text: "call me" }, { text: "12" }], ASKS_PHONE),
    line({ text: phone }, ASKS_QUANTITY),
    ...mistake(options, [{ text: "51" }, { text: "0" }, { text: "a few" }], ASKS_QUANTITY),
    line({ text: String(order.quantity) }, summaryOf(order)),
  ];
}

function chooseOrder({ random, person }: OrderScriptOptions): Order {
  const digits = String(Math.floor(random() * 1_000_000)).padStart(6, "0");
  return {
    address: `${1 + Math.floor(random() * 99)} Garden Street, ${person}`,
    phone: `+34600${digits}`,
    quantity: 1 + Math.floor(random() * 50),
  };
}

function summaryOf(order: Order): Expectation {
  const phone = order.phone.slice(1);
  const quantity = new RegExp(`\\b${order.quantity}\\b`);
  return {
    step: "summary",
    fits: (reply) =>
      YES.test(reply) &&
      reply.includes(order.address) &&
      reply.replace(/\D/g, "").includes(phone) &&
      quantity.test(reply.replace(order.address, "")),
  };
}

function mistake(
  options: OrderScriptOptions,
  contents: readonly [Line, ...Line[]],
  expects: Expectation,
): readonly ScriptLine[] {
  return slips(options) ? [line(pick(options.random, contents), expects)] : [];
}

function slips({ random, mistakeShare }: OrderScriptOptions): boolean {
  return random() < mistakeShare;
}

function asksFor(word: RegExp): (reply: string) => boolean {
  return (reply) => word.test(reply) && !YES.test(reply);
}

function line(content: Line, expects: Expectation): ScriptLine {
  return { content, expects };
}

function pick<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[Math.floor(random() * items.length)] ?? items[0];
}
