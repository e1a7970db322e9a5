/** Messages of one run of the order dialog; the next one begins again with "hello". */
export const dialogSteps = 5;

/** What a client says as their message of this number, counted from 0. Data differs from client to client, so that a mixed-up reply is seen. */
export function textOf(client: number, message: number): string {
  switch (message % dialogSteps) {
    case 0:
      return "hello";
    case 1:
      return addressOf(client);
    case 2:
      return phoneOf(client);
    case 3:
      return String(quantityOf(client));
    default:
      return "yes";
  }
}

/** Whether this is an answer to that message, whoever gives it. */
export function answers(client: number, message: number, reply: string): boolean {
  switch (message % dialogSteps) {
    case 0:
      return /address/i.test(reply);
    case 1:
      return /phone/i.test(reply);
    case 2:
      return /quantity|how many/i.test(reply);
    case 3:
      return (
        reply.includes(addressOf(client)) &&
        reply.includes(phoneOf(client)) &&
        reply.includes(String(quantityOf(client)))
      );
    default:
      return /thank/i.test(reply);
  }
}

const addressOf = (client: number): string => `Bench street ${client}`;
const phoneOf = (client: number): string => `+3461${String(client % 10_000_000).padStart(7, "0")}`;
const quantityOf = (client: number): number => (client % 50) + 1;
