export type Answer = "yes" | "no" | "cancel" | "start_over";

/** Longer messages are no answers; reading them as one would only cost time. */
const answerTextUnitsMax = 256;

const MARKS = /[\p{M}\p{Cf}]+/gu;
const BETWEEN_WORDS = /[^\p{L}\p{N}]+/gu;

/** The lists are one for all languages: a client may answer in another language than the bot's. */
const PHRASES: Readonly<Record<Answer, readonly string[]>> = {
  yes: [
    ...["yes", "y", "yeah", "yep", "yes please", "ok", "okay", "correct", "confirm"],
    ...["да", "ага", "ок", "окей", "верно", "всё верно", "да, всё верно"],
    ...["правильно", "подтверждаю"],
    ...["sí", "vale", "correcto", "es correcto", "todo correcto", "sí, correcto", "confirmo"],
  ],
  no: [
    ...["no", "n", "nope", "wrong", "incorrect"],
    ...["нет", "неа", "не", "неверно", "не верно", "неправильно"],
    ...["no es correcto", "incorrecto"],
  ],
  cancel: [
    ...["cancel", "cancel order", "cancel the order"],
    ...["отмена", "отменить", "отмени", "отменить заказ"],
    ...["cancelar", "cancela", "cancelar pedido", "cancelar el pedido", "anular"],
  ],
  start_over: [
    ...["start over", "start again", "restart"],
    ...["заново", "начать заново", "начать сначала", "сначала"],
    ...["empezar de nuevo", "comenzar de nuevo", "volver a empezar", "reiniciar"],
  ],
};

const ANSWERS: ReadonlyMap<string, Answer> = new Map([
  ...PHRASES.yes.map((phrase) => [folded(phrase), "yes"] as const),
  ...PHRASES.no.map((phrase) => [folded(phrase), "no"] as const),
  ...PHRASES.cancel.map((phrase) => [folded(phrase), "cancel"] as const),
  ...PHRASES.start_over.map((phrase) => [folded(phrase), "start_over"] as const),
]);

/**
 * Reads a whole message as yes, no or a command in English, Russian or Spanish; null when it is
 * anything else. Case, accents, punctuation, emoji and extra spaces do not matter: "¡Sí!", "si" and
 * "ДА." are answers.
 */
export function answerOf(text: string): Answer | null {
  if (text.length > answerTextUnitsMax) return null;
  return ANSWERS.get(folded(text)) ?? null;
}

function folded(text: string): string {
  return text.toLowerCase().normalize("NFKD").replace(MARKS, "").replace(BETWEEN_WORDS, " ").trim();
}
