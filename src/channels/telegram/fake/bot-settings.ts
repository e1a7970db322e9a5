import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { Answer } from "../../../fake-platform/http-front.ts";
import { pause } from "../../../fake-platform/pause.ts";
import { errorAnswer, okAnswer } from "./answers.ts";
import type { FakeBot } from "./bot.ts";

/** Methods that send nothing. */
export type SettingsMethod = (
  bot: FakeBot,
  parameters: JsonRecord,
  parts: { readonly onPressAnswered: (id: string) => void; readonly stopping: AbortSignal },
) => Answer | Promise<Answer>;

const maxConnectionsDefault = 40;
const fetchLimitDefault = 100;
const fetchPollMs = 20;
const fileBytesMax = 20_971_520;

/** Each method by its name; an unknown one is answered by the caller of this table. */
export const settingsMethods: Readonly<Record<string, SettingsMethod>> = {
  getMe: (bot) =>
    okAnswer({ ...bot.asUser(), can_join_groups: true, can_read_all_group_messages: false }),
  setWebhook: (bot, parameters) => setWebhook(bot, parameters),
  deleteWebhook: (bot) => {
    bot.webhook = null;
    return okAnswer(true);
  },
  getWebhookInfo: (bot) => okAnswer(webhookInfo(bot)),
  getUpdates: fetchUpdates,
  getFile: (bot, { file_id: id }) => {
    const file = bot.files.get(String(id));
    if (file === undefined)
      return errorAnswer(400, "Bad Request: wrong file_id or the file is temporarily unavailable");
    if (file.bytes.length > fileBytesMax) return errorAnswer(400, "Bad Request: file is too big");
    const size = file.bytes.length;
    return okAnswer({ file_id: id, file_unique_id: "u", file_size: size, file_path: file.path });
  },
  answerCallbackQuery: (_, { callback_query_id: id }, { onPressAnswered }) => {
    onPressAnswered(String(id));
    return okAnswer(true);
  },
  sendChatAction: () => okAnswer(true),
  deleteMessage: () => okAnswer(true),
  editMessageText: () => okAnswer(true),
};

function setWebhook(bot: FakeBot, parameters: JsonRecord): Answer {
  const url = String(parameters["url"] ?? "");
  const secret = String(parameters["secret_token"] ?? "");
  if (url !== "" && !/^https?:\/\//.test(url))
    return errorAnswer(400, "Bad Request: bad webhook: invalid URL");
  if (!/^[\w-]{0,256}$/.test(secret))
    return errorAnswer(400, "Bad Request: secret token contains unallowed characters");
  const allowed = listOf(parameters["allowed_updates"]);
  bot.webhook =
    url === ""
      ? null
      : {
          url,
          secret,
          maxConnections: Number(parameters["max_connections"] ?? maxConnectionsDefault),
          allowedUpdates: allowed.length === 0 ? null : allowed,
        };
  bot.trouble = null;
  return okAnswer(true);
}

function webhookInfo(bot: FakeBot): JsonRecord {
  const { webhook, trouble } = bot;
  return {
    url: webhook?.url ?? "",
    has_custom_certificate: false,
    pending_update_count: bot.unfetched.length + bot.waiting,
    ...(webhook === null ? {} : { max_connections: webhook.maxConnections }),
    ...(webhook?.allowedUpdates == null ? {} : { allowed_updates: webhook.allowedUpdates }),
    ...(trouble === null
      ? {}
      : { last_error_date: trouble.atS, last_error_message: trouble.message }),
  };
}

/** Long polling; refused while there is a webhook. */
async function fetchUpdates(
  bot: FakeBot,
  parameters: JsonRecord,
  { stopping }: { readonly stopping: AbortSignal },
): Promise<Answer> {
  if (bot.webhook !== null)
    return errorAnswer(409, "Conflict: can't use getUpdates method while webhook is active");
  const offset = Number(parameters["offset"] ?? 0);
  const until = Date.now() + Number(parameters["timeout"] ?? 0) * 1_000;
  bot.unfetched.splice(0, bot.unfetched.findLastIndex((one) => one.update_id < offset) + 1);
  while (bot.unfetched.length === 0 && Date.now() < until && !stopping.aborted)
    await pause(fetchPollMs, stopping);
  return okAnswer(bot.unfetched.slice(0, Number(parameters["limit"] ?? fetchLimitDefault)));
}

function listOf(value: unknown): readonly string[] {
  const list: unknown = typeof value === "string" ? JSON.parse(value) : value;
  return Array.isArray(list) ? list.map(String) : [];
}
