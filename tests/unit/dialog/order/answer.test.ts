import { describe, expect, test } from "bun:test";
import { type Answer, answerOf } from "../../../../src/dialog/flows/order/answer.ts";

const SAID: Readonly<Record<Answer, readonly string[]>> = {
  yes: [
    ...["yes", "Yes!", "YES", " yes ", "y", "Yeah.", "ok", "OK!!!", "okay", "Correct", "yes 👍"],
    ...[
      "да",
      "ДА.",
      "Да!",
      "ага",
      "\u043e\u043a",
      "верно",
      "Всё верно",
      "все верно",
      "Да, всё верно!",
    ],
    ...[
      "sí",
      "Sí.",
      "¡Sí!",
      "si",
      "SÍ",
      "si\u0301",
      "correcto",
      "¡Correcto!",
      "ｙｅｓ",
      "\u200eyes",
    ],
  ],
  no: [
    ...["no", "No.", "NO!", "n", "nope", "¡No!", "«no»"],
    ...["нет", "Нет!", "НЕТ", "неа", "не", "incorrecto"],
  ],
  cancel: [
    ...["cancel", "Cancel!", "  CANCEL  ", "/cancel", '"cancel"'],
    ...[
      "отмена",
      "Отмена.",
      "отменить",
      "«отмена»",
      "cancelar",
      "¡Cancelar!",
      "cance\u0301lar",
      "can\u00adcel",
    ],
  ],
  start_over: [
    ...[
      "start over",
      "Start over!",
      "START   OVER",
      "start\u00a0over",
      "start-over",
      "start\nover",
    ],
    ...["заново", "Начать заново.", "empezar de nuevo", "¡Empezar de nuevo!", "EMPEZAR  DE NUEVO"],
  ],
};

describe("an answer", () => {
  for (const answer of ["yes", "no", "cancel", "start_over"] as const) {
    test.each([...SAID[answer]])(`%j is ${answer}`, (text) => {
      expect(answerOf(text)).toBe(answer);
    });
  }

  test.each([
    ...["", " ", "!", "👍", "maybe", "yes no", "yes and no", "not", "y/n", "yesterday", "y e s"],
    ...["please cancel my visit", "cancel street 5", "startover", "нету", "дата", "sino", "1"],
  ])("%j is no answer", (text) => {
    expect(answerOf(text)).toBeNull();
  });

  test("is the whole message, so a long text that begins with it is none", () => {
    expect(answerOf(`yes${"!".repeat(100)}`)).toBe("yes");
    expect(answerOf(`yes${"!".repeat(100_000)}`)).toBeNull();
  });
});
