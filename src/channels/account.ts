/**
 * What an adapter needs to know of an origin. `credentials` has every field that the channel declares, in the form it declares;
 * secret ones never appear in logs, errors or answers.
 */
export type Account = { readonly apiUrl: string; readonly credentials: Credentials };

export type Credentials = Readonly<Record<string, string>>;

/** One thing that an origin must know. */
export type CredentialField = {
  /** As it is written in the command line: lower case, words joined by `-`. */
  readonly name: string;
  /** What it is and where to find it, for people. */
  readonly what: string;
  readonly secret: boolean;
  readonly pattern: RegExp;
  /** What happens when nobody says it: a fault, a random value of our own, or this. */
  readonly absent: "fault" | "generated" | { readonly value: string };
};

/** Random bytes of a generated credential. */
const generatedBytes = 24;

/** Adds what nobody has said and the channel has a value for: its usual one, or a random one of our own. */
export function completeCredentials(
  fields: readonly CredentialField[],
  given: Credentials,
): Credentials {
  const added = fields.flatMap(({ name, absent }) => {
    if (given[name] !== undefined || absent === "fault") return [];
    return [[name, absent === "generated" ? generated() : absent.value]];
  });
  return { ...Object.fromEntries(added), ...given };
}

function generated(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(generatedBytes))).toString("base64url");
}

/** What is wrong with credentials, as sentences that name fields and never values; none when they are complete. */
export function judgeCredentials(
  fields: readonly CredentialField[],
  credentials: Credentials,
): readonly string[] {
  const known = new Set(fields.map((field) => field.name));
  const strangers = Object.keys(credentials).filter((name) => !known.has(name));
  return [
    ...strangers.map((name) => `${name} is no field of this channel`),
    ...fields.flatMap((field) => faultOf(field, credentials[field.name])),
  ];
}

function faultOf({ name, what, pattern }: CredentialField, value?: string): readonly string[] {
  if (value === undefined) return [`${name} is missing (${what})`];
  return pattern.test(value) ? [] : [`${name} does not look right (${what})`];
}

/** A field of an account whose credentials were read; "" for a field that the channel does not declare. */
export function credential(account: Account, name: string): string {
  return account.credentials[name] ?? "";
}
