import type { Button, ButtonRows } from "../../message/message.ts";

/** Buttons of Meta's products stand in one list, whatever rows they were written in. */
export type ReplyButton = Extract<Button, { readonly data: string }>;
export type LinkButton = Extract<Button, { readonly url: string }>;

/** The buttons that carry a word back when they are pressed. */
export function repliesOf(rows: ButtonRows): readonly ReplyButton[] {
  return rows.flat().filter((button): button is ReplyButton => "data" in button);
}

/** The buttons that open an address. */
export function linksOf(rows: ButtonRows): readonly LinkButton[] {
  return rows.flat().filter((button): button is LinkButton => "url" in button);
}

/** Whether every title and every word that comes back is within what the product takes, UTF-16 units. */
export function areShort(
  buttons: readonly ReplyButton[],
  max: { readonly title: number; readonly data: number },
): boolean {
  return buttons.every(
    ({ title, data }) =>
      title !== "" && title.length <= max.title && data !== "" && data.length <= max.data,
  );
}

/** Words with their buttons as lines below, for those that the product cannot show: who reads them may write the answer. */
export function withLines(text: string, rows: ButtonRows): string {
  const lines = rows
    .flat()
    .map((button) => ("url" in button ? `${button.title}: ${button.url}` : `- ${button.title}`));
  return [text, ...lines].filter((line) => line !== "").join("\n");
}
