import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { FakeAccount } from "./account.ts";
import type { Taken } from "./platform-log.ts";
import type { Fate, Piece, Speech, Utterance } from "./speech.ts";

/** What Messenger and Instagram post: items of `messaging[]`, or of `standby[]` while another app has the conversation. */

const STICKER_ID = 369_239_263_222_822;

/** What somebody says, as an item of the list in which the receiver finds it. */
export function messengerSpeech(account: FakeAccount, said: Utterance): Piece {
  const { by, clientId, speech, messageId } = said;
  const [sender, recipient] =
    by === "business" ? [account.options.id, clientId] : [clientId, account.options.id];
  const item = {
    sender: { id: sender },
    recipient: { id: recipient },
    timestamp: Date.now(),
    ...happeningOf(speech, { mid: messageId, ...(by === "business" ? { is_echo: true } : {}) }),
    ...speech.fields,
  };
  const list = by === "standby" ? "standby" : "messaging";
  return { list, item, about: { hookType: list, clientId, messageId } };
}

/** Our own message coming back, with the app and the word that we gave it. */
export function messengerEcho(account: FakeAccount, { message, messageId }: Taken): Piece {
  const clientId = message.client.value;
  const echo = {
    mid: messageId,
    is_echo: true,
    app_id: Number(account.options.appId ?? 0),
    ...(message.externalId === null ? {} : { metadata: message.externalId }),
    ...(message.text === "" ? {} : { text: message.text }),
  };
  const item = {
    sender: { id: account.options.id },
    recipient: { id: clientId },
    timestamp: Date.now(),
    message: echo,
  };
  return { list: "messaging", item, about: { hookType: "echo", clientId, messageId } };
}

/** Deliveries and readings carry a watermark; Instagram names the message that was read. The rest is not told. */
export function messengerFate(account: FakeAccount, fate: Fate): readonly Piece[] {
  const { clientId, messageId, status } = fate;
  const happening = receiptOf(account, status, messageId);
  if (happening === null) return [];
  const item = {
    sender: { id: clientId },
    recipient: { id: account.options.id },
    timestamp: Date.now(),
    ...happening,
  };
  return [{ list: "messaging", item, about: { hookType: status, clientId, messageId } }];
}

function receiptOf({ product }: FakeAccount, status: string, mid: string): JsonRecord | null {
  const watermark = Date.now();
  if (status === "read") return { read: product === "instagram" ? { mid } : { watermark } };
  return status === "delivered" && product === "messenger"
    ? { delivery: { mids: [mid], watermark } }
    : null;
}

function happeningOf(speech: Speech, base: JsonRecord): JsonRecord {
  const { reaction, edit, revoke, press } = speech;
  if (reaction !== undefined) {
    const { of: mid, emoji } = reaction;
    const said =
      emoji === "" ? { action: "unreact" } : { action: "react", reaction: "other", emoji };
    return { reaction: { mid, ...said } };
  }
  if (edit !== undefined) return { message_edit: { mid: edit.of, text: edit.text, num_edit: 1 } };
  if (revoke !== undefined) return { message: { mid: revoke, is_deleted: true } };
  if (press !== undefined)
    return { postback: { mid: base["mid"], title: press.title, payload: press.data } };
  return { message: messageOf(speech, base) };
}

function messageOf(speech: Speech, base: JsonRecord): JsonRecord {
  const { text, replyTo, unsupported } = speech;
  const attachments = attachmentsOf(speech);
  return {
    ...base,
    ...(text === undefined ? {} : { text }),
    ...(replyTo === undefined ? {} : { reply_to: { mid: replyTo } }),
    ...(unsupported === true ? { is_unsupported: true } : {}),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

function attachmentsOf(speech: Speech): readonly JsonRecord[] {
  const { photo, video, audio, file, sticker, location } = speech;
  const named = { image: photo, video, audio, file };
  const files = Object.entries(named).flatMap(([type, url]) =>
    url === undefined ? [] : [{ type, payload: { url } }],
  );
  const stickers =
    sticker === undefined
      ? []
      : [{ type: "image", payload: { url: sticker, sticker_id: STICKER_ID } }];
  const places =
    location === undefined
      ? []
      : [
          {
            type: "location",
            payload: { coordinates: { lat: location.latitude, long: location.longitude } },
          },
        ];
  return [...files, ...stickers, ...places];
}
