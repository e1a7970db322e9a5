import { addressCharsMax, addressCharsMin } from "../address.ts";
import { quantityMax, quantityMin } from "../quantity.ts";
import type { OrderTexts } from "./order-texts.ts";

export const spanish: OrderTexts = {
  greeting:
    "¡Hola! Vamos a preparar su pedido. En cualquier momento puede escribir «cancelar» para dejarlo o «empezar de nuevo» para volver al principio.",
  startedOver: "De acuerdo, empecemos de nuevo.",
  correcting: "De acuerdo, vamos a corregirlo.",
  askAddress: `Por favor, escriba la dirección de entrega (de ${addressCharsMin} a ${addressCharsMax} caracteres).`,
  askPhone:
    "Por favor, escriba su número de teléfono en formato internacional, por ejemplo +34 612 345 678.",
  askQuantity: `¿Qué cantidad desea? Por favor, escriba un número entero del ${quantityMin} al ${quantityMax}.`,
  askConfirmation: ({ address, phone, quantity }) =>
    `Por favor, revise su pedido:\nDirección: ${address}\nTeléfono: ${phone}\nCantidad: ${quantity}\n\n¿Es todo correcto? Por favor, responda «sí» o «no».`,
  thanks: "¡Gracias! Hemos recibido su pedido.",
  cancelled: "Hemos cancelado su pedido. Para empezar otra vez, escriba cualquier mensaje.",
  faults: {
    address_too_short: "La dirección es demasiado corta.",
    address_too_long: "La dirección es demasiado larga.",
    phone_not_international: "El número debe empezar por + o 00 y el prefijo del país.",
    phone_not_possible:
      "Parece que hay un error en el número: compruebe el prefijo del país y las cifras.",
    quantity_not_whole: "Necesito un número entero escrito en cifras.",
    quantity_out_of_range: `Puede pedir de ${quantityMin} a ${quantityMax} unidades.`,
    answer_unclear: "Disculpe, no he entendido la respuesta.",
    text_expected: "Por favor, responda con un mensaje de texto.",
  },
};
