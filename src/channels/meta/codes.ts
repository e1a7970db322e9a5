import type { RejectReason } from "../channel.ts";
import { errorName, type GraphError } from "./graph.ts";

/**
 * What Graph's error codes mean for a message. `throttled` is the whole account, `pair` only this customer; a reject reason is for
 * ever. Keys are `code` or `code/subcode`; the narrower one decides.
 */
export type Meaning = "throttled" | "pair" | "failed" | "unauthorized" | "quota" | RejectReason;

export type Codes = ReadonlyMap<string, Meaning>;

/** Codes of the Graph API itself, the same for all its products. */
const graphCodes: readonly (readonly [string, Meaning])[] = [
  // Something went wrong on Meta's side; 2 may also be a customer who blocked us, which only trying again tells.
  ["1", "failed"],
  ["2", "failed"],
  ["3", "unauthorized"],
  ["10", "unauthorized"],
  ["100", "content"],
  // The object of the address (our number, our page) does not exist for this token.
  ["100/33", "unauthorized"],
  ["102", "unauthorized"],
  ["190", "unauthorized"],
  // The account was blocked for breaking rules; people have to settle it.
  ["368", "unauthorized"],
  // Calls of the app, of the user, of the page, of this kind.
  ["4", "throttled"],
  ["17", "throttled"],
  ["32", "throttled"],
  ["613", "throttled"],
];

/** Permissions were not given or were taken away. */
const permissionCodes = { first: 200, last: 299 } as const;

/** Makes a table of the Graph's own codes and those of a product, which win. */
export function codesOf(own: readonly (readonly [string, Meaning])[]): Codes {
  return new Map([...graphCodes, ...own]);
}

/** The meaning of an error; null for one that nobody has written down. */
export function meaningOf(codes: Codes, { code, subcode }: GraphError): Meaning | null {
  const known = codes.get(`${code}/${subcode}`) ?? codes.get(String(code));
  if (known !== undefined) return known;
  return code === 0 || (code >= permissionCodes.first && code <= permissionCodes.last)
    ? "unauthorized"
    : null;
}

/** What a receipt says of a failure: the reason where it has a name, and the code: `outside_window graph_131047`. */
export function failureName(codes: Codes, error: GraphError): string {
  const meaning = meaningOf(codes, error);
  const named = meaning !== null && meaning !== "other" && meaning !== "failed";
  return named ? `${meaning} ${errorName(error)}` : errorName(error);
}
