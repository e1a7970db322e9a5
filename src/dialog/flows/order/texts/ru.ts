import { addressCharsMax, addressCharsMin } from "../address.ts";
import { quantityMax, quantityMin } from "../quantity.ts";
import type { OrderTexts } from "./order-texts.ts";

export const russian: OrderTexts = {
  greeting:
    "Здравствуйте! Давайте оформим заказ. В любой момент можно написать «отмена», чтобы прекратить, или «заново», чтобы начать сначала.",
  startedOver: "Хорошо, начнём заново.",
  correcting: "Хорошо, давайте исправим.",
  askAddress: `Напишите, пожалуйста, адрес доставки (от ${addressCharsMin} до ${addressCharsMax} символов).`,
  askPhone:
    "Напишите, пожалуйста, номер телефона в международном формате, например +7 912 345-67-89.",
  askQuantity: `Какое количество вам нужно? Напишите, пожалуйста, целое число от ${quantityMin} до ${quantityMax}.`,
  askConfirmation: ({ address, phone, quantity }) =>
    `Проверьте, пожалуйста, ваш заказ:\nАдрес: ${address}\nТелефон: ${phone}\nКоличество: ${quantity}\n\nВсё верно? Ответьте, пожалуйста, «да» или «нет».`,
  thanks: "Спасибо! Ваш заказ принят.",
  cancelled: "Оформление заказа отменено. Чтобы начать снова, напишите любое сообщение.",
  faults: {
    address_too_short: "Адрес слишком короткий.",
    address_too_long: "Адрес слишком длинный.",
    phone_not_international: "Номер должен начинаться с «+» или «00» и кода страны.",
    phone_not_possible: "Похоже, в номере ошибка: проверьте, пожалуйста, код страны и все цифры.",
    quantity_not_whole: "Нужно целое число, написанное цифрами.",
    quantity_out_of_range: `Можно заказать от ${quantityMin} до ${quantityMax} штук.`,
    answer_unclear: "Извините, я не понял ответ.",
    text_expected: "Ответьте, пожалуйста, текстовым сообщением.",
  },
};
