import { addressCharsMax, addressCharsMin } from "../address.ts";
import { quantityMax, quantityMin } from "../quantity.ts";
import type { OrderTexts } from "./order-texts.ts";

export const english: OrderTexts = {
  greeting:
    'Hello! Let\'s place your order. Send "cancel" at any time to stop or "start over" to begin again.',
  startedOver: "All right, let's start over.",
  correcting: "No problem, let's correct it.",
  askAddress: `Please send the delivery address (${addressCharsMin} to ${addressCharsMax} characters).`,
  askPhone: "Please send your phone number in international format, for example +1 202 555 0123.",
  askQuantity: `What quantity would you like? Please send a whole number from ${quantityMin} to ${quantityMax}.`,
  askConfirmation: ({ address, phone, quantity }) =>
    `Please check your order:\nAddress: ${address}\nPhone: ${phone}\nQuantity: ${quantity}\n\nIs everything correct? Please reply "yes" or "no".`,
  thanks: "Thank you! We have received your order.",
  cancelled: "Your order has been cancelled. Send any message to start again.",
  faults: {
    address_too_short: "The address is too short.",
    address_too_long: "The address is too long.",
    phone_not_international: "The number has to begin with + or 00 and the country code.",
    phone_not_possible:
      "There seems to be a mistake in the number: please check the country code and the digits.",
    quantity_not_whole: "I need a whole number, written in digits.",
    quantity_out_of_range: `You can order from ${quantityMin} to ${quantityMax}.`,
    answer_unclear: "Sorry, I did not understand that.",
    text_expected: "Please answer with a text message.",
  },
};
