import { CommandError } from "../../../fake-platform/command-error.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { RuleBook } from "../../../fake-platform/rule-book.ts";
import { seededRandom } from "../../../fake-platform/seeded-random.ts";
import type { FakeBot } from "./bot.ts";
import type { Addressed, Command, SentFile } from "./command.ts";
import { scopeOf } from "./rule-terms.ts";
import type { SendFault } from "./send-fault.ts";
import { asUpdate, chatPayload, messagePayload, nowS, postOf, userOf } from "./updates.ts";
import type { DeliveryResult, WebhookDisturbance, WebhookQueues } from "./webhook-queues.ts";

/** The result of an update that was posted; `messageId` is null for updates without one. */
export type Said = DeliveryResult & { readonly messageId: number | null };

/** The parts of the platform that commands act on. */
export type CommandTargets = {
  readonly bots: readonly FakeBot[];
  readonly queues: WebhookQueues;
  readonly faults: RuleBook<SendFault>;
  readonly disturbances: RuleBook<WebhookDisturbance>;
  readonly releaseHanging: () => void;
};

/** Carries out a command; those that post an update resolve with its result, the others with null. Throws CommandError. */
export async function carryOut(targets: CommandTargets, command: Command): Promise<Said | null> {
  switch (command.do) {
    case "say":
      return say(targets, command);
    case "press":
      return press(targets, command);
    case "edit":
      return edit(targets, command);
    case "react":
      return react(targets, command);
    case "member":
      return changeMembership(targets, command);
    case "migrate":
      return migrate(targets, command);
    case "update":
      return post(targets, findBot(targets.bots, command.bot), command.kind, command.value);
    default:
      setBehaviour(targets, command);
      return null;
  }
}

/** The bot of that name or token; null is good when there is only one. Throws a CommandError otherwise. */
export function findBot(bots: readonly FakeBot[], key: string | null): FakeBot {
  const only = bots.length === 1 ? bots[0] : undefined;
  const named = bots.find((bot) => bot.name === key || bot.options.token === key);
  const found = key === null ? only : named;
  if (found === undefined) throw new CommandError("bot must name a bot of the platform");
  return found;
}

function say(
  targets: CommandTargets,
  command: Extract<Command, { readonly do: "say" }>,
): Promise<Said> {
  const bot = findBot(targets.bots, command.bot);
  const chat = bot.meet(command.chatId);
  const words = command.file === null ? "text" : "caption";
  const fields: JsonRecord = {
    ...(command.text === "" ? {} : { [words]: command.text }),
    ...(command.file === null ? {} : fileFields(bot, command.file)),
    ...command.fields,
  };
  const from = command.from ?? command.chatId;
  const messageId = bot.takeMessageId(chat);
  return post(targets, bot, command.as, messagePayload({ chat, from, messageId, fields }));
}

/** A file as a message names it; its bytes are handed out to whoever asks for it by its id. */
function fileFields(bot: FakeBot, file: SentFile): JsonRecord {
  const id = `AgACAgIAAxkB${bot.files.size}-${file.field}`;
  bot.files.set(id, { path: `${file.field}s/file_${bot.files.size}.bin`, bytes: file.bytes });
  const size = { file_id: id, file_unique_id: "u", file_size: file.bytes.length };
  if (file.field === "photo")
    return {
      photo: [
        { ...size, file_id: "small", width: 90, height: 67 },
        { ...size, width: 800, height: 600 },
      ],
    };
  return { [file.field]: { ...size, file_name: file.name, mime_type: file.mimeType, duration: 1 } };
}

function press(
  targets: CommandTargets,
  command: Extract<Command, { readonly do: "press" }>,
): Promise<Said> {
  const bot = findBot(targets.bots, command.bot);
  const chat = bot.meet(command.chatId);
  const { data, title, messageId } = command;
  const reply_markup = { inline_keyboard: [[{ text: title, callback_data: data }]] };
  const fields = { from: bot.asUser(), text: "Choose", reply_markup };
  return post(targets, bot, "callback_query", {
    id: String(bot.takeUpdateId() * 1_000_003),
    from: userOf(command.from ?? command.chatId),
    message: messagePayload({ chat, from: bot.id, messageId, fields }),
    chat_instance: "-1",
    data,
  });
}

function edit(
  targets: CommandTargets,
  command: Extract<Command, { readonly do: "edit" }>,
): Promise<Said> {
  const bot = findBot(targets.bots, command.bot);
  const chat = bot.meet(command.chatId);
  const { messageId, text } = command;
  const from = command.from ?? command.chatId;
  const fields = { text, edit_date: nowS() };
  return post(targets, bot, "edited_message", messagePayload({ chat, from, messageId, fields }));
}

function react(
  targets: CommandTargets,
  command: Extract<Command, { readonly do: "react" }>,
): Promise<Said> {
  const bot = findBot(targets.bots, command.bot);
  return post(targets, bot, "message_reaction", {
    chat: chatPayload(bot.meet(command.chatId)),
    message_id: command.messageId,
    user: userOf(command.from ?? command.chatId),
    date: nowS(),
    old_reaction: [],
    new_reaction: command.emoji.map((emoji) => ({ type: "emoji", emoji })),
  });
}

function changeMembership(
  targets: CommandTargets,
  command: Addressed & { readonly status: string },
): Promise<Said> {
  const bot = findBot(targets.bots, command.bot);
  const chat = bot.meet(command.chatId);
  chat.blocked = command.status === "kicked" || command.status === "left";
  return post(targets, bot, "my_chat_member", {
    chat: chatPayload(chat),
    from: userOf(command.from ?? command.chatId),
    date: nowS(),
    old_chat_member: { user: bot.asUser(), status: chat.blocked ? "member" : "kicked" },
    new_chat_member: { user: bot.asUser(), status: command.status },
  });
}

/** A group becomes a supergroup: the old chat says where it went, the new one where it came from. */
async function migrate(
  targets: CommandTargets,
  command: Addressed & { readonly to: number },
): Promise<Said> {
  const bot = findBot(targets.bots, command.bot);
  const [old, made] = [bot.meet(command.chatId, "group"), bot.meet(command.to, "supergroup")];
  old.movedTo = made.id;
  const from = command.from ?? command.chatId;
  const line = (chat: typeof old, fields: JsonRecord) =>
    post(
      targets,
      bot,
      "message",
      messagePayload({ chat, from, messageId: bot.takeMessageId(chat), fields }),
    );
  const left = await line(old, { migrate_to_chat_id: made.id });
  await line(made, { migrate_from_chat_id: old.id });
  return left;
}

async function post(
  { queues }: CommandTargets,
  bot: FakeBot,
  kind: string,
  value: JsonRecord,
): Promise<Said> {
  const posted = postOf(bot, kind, value);
  const messageId = Number(value["message_id"] ?? Number.NaN);
  const numbered = { messageId: Number.isNaN(messageId) ? null : messageId };
  const { updateId } = posted;
  if (!bot.wants(kind)) return { updateId, acknowledged: false, attempts: 0, ...numbered };
  if (bot.webhook === null) {
    bot.unfetched.push(asUpdate(posted));
    return { updateId, acknowledged: false, attempts: 0, ...numbered };
  }
  return { ...(await queues.post(bot, posted)), ...numbered };
}

type Behaviour = Extract<Command, { readonly do: "sends" | "webhooks" | "webhook" | "clear" }>;

function setBehaviour(targets: CommandTargets, command: Behaviour): void {
  const named = command.bot === null ? null : findBot(targets.bots, command.bot);
  const name = named?.name ?? null;
  switch (command.do) {
    case "sends":
      targets.faults.add(
        command.fault,
        scopeOf(command, name, command.chatId),
        seededRandom(command.seed),
      );
      return;
    case "webhooks": {
      const line = command.chatId === null ? null : `c${command.chatId}`;
      const random = seededRandom(command.seed);
      targets.disturbances.add(command.disturbance, scopeOf(command, name, line), random);
      return;
    }
    case "webhook":
      setWebhook(findBot(targets.bots, command.bot), command);
      return;
    case "clear":
      targets.faults.clear(name);
      targets.disturbances.clear(name);
      targets.releaseHanging();
  }
}

/** As if somebody else had called `setWebhook`. */
function setWebhook(
  bot: FakeBot,
  { url, secret }: { readonly url: string; readonly secret: string },
): void {
  bot.webhook =
    url === ""
      ? null
      : {
          url,
          secret,
          maxConnections: maxConnectionsDefault,
          allowedUpdates: bot.webhook?.allowedUpdates ?? null,
        };
}

const maxConnectionsDefault = 40;
