import type { FakeAccount, Product } from "./account.ts";
import type { MediaShelf } from "./media-shelf.ts";
import { messengerEcho, messengerFate, messengerSpeech } from "./messenger-hooks.ts";
import { readMessengerSend } from "./messenger-send.ts";
import type { Taken } from "./platform-log.ts";
import type { ReadSend } from "./send-reading.ts";
import type { Fate, Piece, Utterance } from "./speech.ts";
import { whatsAppFate, whatsAppSpeech } from "./whatsapp-hooks.ts";
import { readWhatsAppSend } from "./whatsapp-send.ts";

/** Where the three products differ. */

export function writeSpeech(account: FakeAccount, said: Utterance, shelf: MediaShelf): Piece {
  return account.product === "whatsapp"
    ? whatsAppSpeech(account, said, shelf)
    : messengerSpeech(account, said);
}

/** What became of a message, in as many pieces as the product tells it: none, or one. */
export function writeFate(account: FakeAccount, fate: Fate): readonly Piece[] {
  return account.product === "whatsapp"
    ? [whatsAppFate(account, fate)]
    : messengerFate(account, fate);
}

/** Our own send coming back; WhatsApp shows only what people write on the business's phone. */
export function writeEcho(account: FakeAccount, taken: Taken): readonly Piece[] {
  return account.product === "whatsapp" ? [] : [messengerEcho(account, taken)];
}

/** Reads the body of a send by the rules of its product. */
export function readSend(product: Product, body: string): ReadSend {
  return product === "whatsapp" ? readWhatsAppSend(body) : readMessengerSend(product, body);
}
