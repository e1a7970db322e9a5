import { decodeJson, isRecord, type JsonRecord } from "../../../fake-platform/exact-json.ts";

/** An id as the caller wrote it: its digits, and whether it was a JSON number or a string. */
export type WrittenId = { readonly value: string; readonly type: "number" | "string" };

/** A message that a caller asked the platform to send; `body` is the raw request (the query string when there was no body). */
export type SentMessage = {
  readonly messageId: string;
  readonly client: WrittenId;
  readonly channel: WrittenId | null;
  readonly transport: string | null;
  readonly type: string;
  readonly text: string;
  readonly attachment: string | null;
  readonly externalId: string | null;
  readonly operatorId: string | null;
  readonly openDialog: boolean;
  readonly body: string;
};

export type MessageRequest = Omit<SentMessage, "messageId">;

export type ReadRequest =
  | { readonly ok: true; readonly message: MessageRequest }
  | { readonly ok: false; readonly message: string; readonly field: string };

const MESSAGE_TYPES: readonly string[] = ["to_client", "autoreply", "system", "comment"];

/** Reads `POST /v1/messages`: fields from the query and from the JSON body, which wins. */
export function readMessageRequest(body: string, query: URLSearchParams): ReadRequest {
  const fields = fieldsOf(body, query);
  if (fields === null) return refusal("body", "bad JSON");
  const client = writtenId(fields["client_id"]);
  if (client === null) return refusal("client_id", "bad client_id");
  const type = optionalText(fields["type"]) ?? "to_client";
  if (!MESSAGE_TYPES.includes(type)) return refusal("type", "bad type");
  const text = optionalText(fields["text"]) ?? "";
  const attachment = optionalText(fields["attachment"]) ?? optionalText(fields["pdf"]);
  if (text === "" && attachment === null) return refusal("text", "text can't be blank");
  return {
    ok: true,
    message: {
      ...addressOf(fields),
      client,
      type,
      text,
      attachment,
      body: body || query.toString(),
    },
  };
}

function addressOf(fields: JsonRecord) {
  return {
    channel: writtenId(fields["channel_id"]),
    transport: optionalText(fields["transport"]),
    externalId: writtenId(fields["external_id"])?.value ?? null,
    operatorId: writtenId(fields["operator_id"])?.value ?? null,
    openDialog: fields["open_dialog"] !== false && fields["open_dialog"] !== "false",
  };
}

function fieldsOf(body: string, query: URLSearchParams): JsonRecord | null {
  const fromQuery = Object.fromEntries(query);
  if (body.trim() === "") return fromQuery;
  try {
    const parsed = decodeJson(body);
    return isRecord(parsed) ? { ...fromQuery, ...parsed } : null;
  } catch {
    return null;
  }
}

function writtenId(value: unknown): WrittenId | null {
  if (typeof value === "string" && value !== "") return { value, type: "string" };
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  return whole ? { value: String(value), type: "number" } : null;
}

function optionalText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function refusal(field: string, message: string): ReadRequest {
  return { ok: false, field, message };
}
