import type { FakeAccount } from "./account.ts";
import type { Taken } from "./platform-log.ts";
import { writeEcho, writeFate } from "./products.ts";
import type { PostRoom } from "./post-room.ts";

const OUTSIDE_WINDOW = 131047;

/** Tells what becomes of a message: it failed because it came too late, or the account's statuses, all at once and in any order. */
export function tellFate(room: PostRoom, account: FakeAccount, taken: Taken): void {
  const { message, messageId, inTime } = taken;
  const clientId = message.client.value;
  const { externalId } = message;
  const statuses = inTime ? account.statuses : ["failed"];
  const code = inTime ? null : OUTSIDE_WINDOW;
  const fates = statuses.map((status) => ({ messageId, clientId, status, code, externalId }));
  const pieces = [
    ...(account.echoes ? writeEcho(account, taken) : []),
    ...fates.flatMap((fate) => writeFate(account, fate)),
  ];
  for (const piece of pieces) void room.post(account, piece);
}
