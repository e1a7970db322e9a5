/** One message of the order dialog and what its reply must look like, whoever answers. */
export type ReplyExpectation = { readonly text: string; readonly fits: (reply: string) => boolean };

const asksFor = (word: RegExp) => (reply: string) => word.test(reply);

/** The five messages of one client; the data differs from client to client, so that a mixed-up reply is seen. */
export function stepsOf(client: number): readonly ReplyExpectation[] {
  const address = `Bench street ${client}`;
  const phone = `+3461${String(client % 10_000_000).padStart(7, "0")}`;
  const quantity = (client % 50) + 1;
  const repeats = (reply: string) =>
    reply.includes(address) && reply.includes(phone) && reply.includes(String(quantity));
  return [
    { text: "hello", fits: asksFor(/address/i) },
    { text: address, fits: asksFor(/phone/i) },
    { text: phone, fits: asksFor(/quantity|how many/i) },
    { text: String(quantity), fits: repeats },
    { text: "yes", fits: asksFor(/thank/i) },
  ];
}
