import { CommandError } from "../../../fake-platform/command-error.ts";
import type { DeliveryResult, Disturbance } from "../../../fake-platform/courier.ts";
import type { RuleBook, RuleScope } from "../../../fake-platform/rule-book.ts";
import { seededRandom } from "../../../fake-platform/seeded-random.ts";
import type { FakeAccount } from "./account.ts";
import type { Command, RuleTerms, Settings } from "./command.ts";
import type { MediaShelf } from "./media-shelf.ts";
import type { PostRoom } from "./post-room.ts";
import { writeFate, writeSpeech } from "./products.ts";
import type { SendFault } from "./send-fault.ts";

/** The result of a webhook that was posted; `messageId` is null for those without one. */
export type Said = DeliveryResult & { readonly messageId: string | null };

/** The parts of the platform that commands act on. */
export type CommandTargets = {
  readonly accounts: readonly FakeAccount[];
  readonly room: PostRoom;
  readonly shelf: MediaShelf;
  readonly faults: RuleBook<SendFault>;
  readonly disturbances: RuleBook<Disturbance>;
  readonly releaseHanging: () => void;
  readonly now: () => number;
};

/** Carries out a command; those that post a webhook resolve with its result, the others with null. Throws CommandError. */
export async function carryOut(targets: CommandTargets, command: Command): Promise<Said | null> {
  switch (command.do) {
    case "say":
      return await says(targets, command);
    case "fate":
      return await tells(targets, command);
    case "hook": {
      const account = findAccount(targets.accounts, command.account);
      return { ...(await targets.room.postBody(account, command.payload)), messageId: null };
    }
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

type Saying = Extract<Command, { readonly do: "say" }>;

async function says(targets: CommandTargets, command: Saying): Promise<Said> {
  const { clientId, by, speech, unordered } = command;
  const account = findAccount(targets.accounts, command.account);
  const write = async () => {
    const messageId = account.takeMessageId();
    if (by !== "business") account.hears(speech.group ?? clientId, targets.now());
    const piece = writeSpeech(account, { by, clientId, speech, messageId }, targets.shelf);
    return { ...(await targets.room.post(account, piece)), messageId };
  };
  return unordered ? await write() : await account.inLine(clientId, write);
}

async function tells(
  { accounts, room }: CommandTargets,
  command: Extract<Command, { readonly do: "fate" }>,
): Promise<Said> {
  const account = findAccount(accounts, command.account);
  const { messageId, clientId, status, code } = command;
  const [piece] = writeFate(account, { messageId, clientId, status, code, externalId: null });
  if (piece === undefined) throw new CommandError(`${account.product} does not tell of ${status}`);
  return { ...(await room.post(account, piece)), messageId };
}

type Behaviour = Exclude<Command, { readonly do: "say" | "fate" | "hook" }>;

function setBehaviour(targets: CommandTargets, command: Behaviour): void {
  switch (command.do) {
    case "sends": {
      const { fault, terms } = command;
      targets.faults.add(fault, scopeOf(targets, terms), seededRandom(terms.seed));
      return;
    }
    case "webhooks": {
      const { disturbance, terms } = command;
      const scope = scopeOf(targets, terms);
      targets.disturbances.add(disturbance, scope, seededRandom(terms.seed));
      return;
    }
    case "forgetClient":
      findAccount(targets.accounts, command.account).forgetClient(command.clientId);
      return;
    case "settings":
      for (const account of chosen(targets, command.account)) change(account, command.settings);
      return;
    case "clear": {
      const name =
        command.account === null ? null : findAccount(targets.accounts, command.account).name;
      targets.faults.clear(name);
      targets.disturbances.clear(name);
      targets.releaseHanging();
    }
  }
}

function chosen({ accounts }: CommandTargets, key: string | null): readonly FakeAccount[] {
  return key === null ? accounts : [findAccount(accounts, key)];
}

function change(account: FakeAccount, settings: Settings): void {
  account.statuses = settings.statuses ?? account.statuses;
  account.echoes = settings.echoes ?? account.echoes;
  account.batchMs = settings.batchMs ?? account.batchMs;
  account.webhookUrl = settings.webhookUrl ?? account.webhookUrl;
  if (settings.callback !== undefined) account.callback = settings.callback;
  if (settings.subscribedFields !== undefined) account.subscribedFields = settings.subscribedFields;
}

function scopeOf({ accounts }: CommandTargets, terms: RuleTerms): RuleScope {
  const { clientId, hookType, next, probability } = terms;
  const account = terms.account === null ? null : findAccount(accounts, terms.account).name;
  return { account, clientId, hookType, next, probability };
}
