import { decodeJson, isRecord, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { SentMessage } from "./platform-log.ts";

/** A send as it was read, or the code with which it is refused. */
export type ReadSend =
  | { readonly ok: true; readonly message: SentMessage; readonly isTemplate: boolean }
  | { readonly ok: false; readonly code: number };

export const INVALID_PARAMETER = 100;

/** A send that is refused with a code. */
export function refused(code: number = INVALID_PARAMETER): ReadSend {
  return { ok: false, code };
}

/** The body as a JSON object; null for anything else. */
export function readBody(body: string): JsonRecord | null {
  try {
    const parsed = decodeJson(body);
    return isRecord(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** A JSON object; an empty one for anything else. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** A list of JSON objects; an empty one for anything else. */
export function recordsOf(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

/** A text that says something; null for anything else. */
export function wordOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
