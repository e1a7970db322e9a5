/** One message of HTTP/1.1, request or answer, whose length is told in its head. */
export type HttpMessage = {
  /** Start line and headers. */
  readonly head: string;
  /** The body as text. */
  readonly body: string;
  /** Bytes of head and body together. */
  readonly bytes: number;
};

const headEnd = "\r\n\r\n";
const lengthHeader = /\r\ncontent-length:[ \t]*(\d{1,9})/i;

/**
 * Reads the message at the beginning of what was received. Null while its end is still to come; also for a message without
 * `Content-Length`, which nobody whom the bench measures sends.
 */
export function readMessage(received: Buffer): HttpMessage | null {
  const end = received.indexOf(headEnd);
  if (end < 0) return null;
  const head = received.toString("latin1", 0, end);
  const length = lengthHeader.exec(head)?.[1];
  if (length === undefined) return null;
  const bodyAt = end + headEnd.length;
  const bytes = bodyAt + Number(length);
  if (received.length < bytes) return null;
  return { head, body: received.toString("utf8", bodyAt, bytes), bytes };
}

/** What was received so far, with the newest part. */
export function joined(earlier: Buffer | null, part: Buffer): Buffer {
  return earlier === null ? Buffer.from(part) : Buffer.concat([earlier, part]);
}
