import type { FakeAccount } from "./account.ts";
import { CommandError } from "../../../fake-platform/command-error.ts";
import type { Addressed, Command, RuleTerms } from "./command.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import { dialogPayload, type MessageContent, messagePayload } from "./hook-payload.ts";
import type { RuleBook, RuleScope } from "../../../fake-platform/rule-book.ts";
import type { SendFault } from "./send-fault.ts";
import { seededRandom } from "../../../fake-platform/seeded-random.ts";
import type { DeliveryResult, Disturbance } from "../../../fake-platform/courier.ts";
import type { WebhookSender } from "./webhook-sender.ts";

/** The result of a hook that was posted; `messageId` is null for hooks without one. */
export type Said = DeliveryResult & { readonly messageId: string | null };

/** The parts of the platform that commands act on. */
export type CommandTargets = {
  readonly accounts: readonly FakeAccount[];
  readonly webhooks: WebhookSender;
  readonly faults: RuleBook<SendFault>;
  readonly disturbances: RuleBook<Disturbance>;
  readonly releaseHanging: () => void;
};

/** Carries out a command; those that post a webhook resolve with its result, the others with null. Throws CommandError. */
export async function carryOut(targets: CommandTargets, command: Command): Promise<Said | null> {
  switch (command.do) {
    case "say":
      return await clientSays(targets, command);
    case "operatorSays":
      return await operatorSays(targets, command);
    case "transfer":
      return await tellDialog(targets, command, "dialog_transferred", command.operatorId);
    case "closeDialog":
      return await tellDialog(targets, command, "close_dialog");
    case "closeRequest":
      return await tellDialog(targets, command, "close_request");
    case "hook":
      return await post(targets, findAccount(targets.accounts, command.account), command.payload);
    default:
      setBehaviour(targets, command);
      return null;
  }
}

/** The account of that name or token; null is good when there is only one. Throws a CommandError otherwise. */
export function findAccount(accounts: readonly FakeAccount[], key: string | null): FakeAccount {
  const only = accounts.length === 1 ? accounts[0] : undefined;
  const named = accounts.find((account) => account.name === key || account.options.token === key);
  const found = key === null ? only : named;
  if (found === undefined) throw new CommandError("account must name an account of the platform");
  return found;
}

async function clientSays(
  targets: CommandTargets,
  command: Addressed & { readonly unordered: boolean; readonly content: MessageContent },
): Promise<Said> {
  const account = findAccount(targets.accounts, command.account);
  const write = () => {
    const messageId = account.takeMessageId();
    const client = account.meet(command.clientId);
    const { content } = command;
    const hook = { hookType: "inbox", type: "from_client", operatorId: null } as const;
    const payload = messagePayload(account, { ...hook, messageId, client, content });
    return post(targets, account, payload);
  };
  return command.unordered ? await write() : await account.inLine(command.clientId, write);
}

function operatorSays(
  targets: CommandTargets,
  command: Addressed & { readonly operatorId: string; readonly content: MessageContent },
): Promise<Said> {
  const account = findAccount(targets.accounts, command.account);
  const payload = messagePayload(account, {
    hookType: "outbox",
    type: "to_client",
    messageId: account.takeMessageId(),
    operatorId: command.operatorId,
    client: account.meet(command.clientId),
    content: command.content,
  });
  return post(targets, account, payload);
}

function tellDialog(
  targets: CommandTargets,
  { account: key, clientId }: Addressed,
  hookType: "dialog_transferred" | "close_dialog" | "close_request",
  operatorId: string | null = null,
): Promise<Said> {
  const account = findAccount(targets.accounts, key);
  const ends = hookType === "close_request";
  const client = ends ? account.endRequest(clientId) : account.meet(clientId);
  return post(targets, account, dialogPayload(account, client, { hookType, operatorId }));
}

async function post(
  { webhooks }: CommandTargets,
  account: FakeAccount,
  payload: JsonRecord,
): Promise<Said> {
  const result = await webhooks.deliver(account, payload).done;
  const messageId = payload["message_id"];
  return { ...result, messageId: messageId === undefined ? null : String(messageId) };
}

type Behaviour = Extract<
  Command,
  { readonly do: "sends" | "webhooks" | "webhookUrl" | "echo" | "overLimit" | "clear" }
>;

function setBehaviour(targets: CommandTargets, command: Behaviour): void {
  const named = command.account === null ? null : findAccount(targets.accounts, command.account);
  const chosen = named === null ? targets.accounts : [named];
  switch (command.do) {
    case "sends":
      targets.faults.add(command.fault, scopeOf(command, named), seededRandom(command.seed));
      return;
    case "webhooks": {
      const random = seededRandom(command.seed);
      targets.disturbances.add(command.disturbance, scopeOf(command, named), random);
      return;
    }
    case "echo":
      for (const account of chosen) account.echo = command.echo;
      return;
    case "overLimit":
      for (const account of chosen) account.overLimit = command.style;
      return;
    case "webhookUrl":
      for (const account of chosen) account.webhookUrl = command.url;
      return;
    case "clear":
      targets.faults.clear(named?.name ?? null);
      targets.disturbances.clear(named?.name ?? null);
      targets.releaseHanging();
  }
}

function scopeOf(terms: RuleTerms, account: FakeAccount | null): RuleScope {
  const { clientId, hookType, next, probability } = terms;
  return { account: account?.name ?? null, clientId, hookType, next, probability };
}
