import { type Account, type CredentialField, judgeCredentials } from "../channels/account.ts";
import { isJsonObject, parseJson } from "../core/json.ts";
import type { Keyring } from "./keyring.ts";

/** An origin's account, or why it cannot be spoken for: a sentence without secrets. */
export type OpenedAccount = { readonly account: Account; readonly fault: string | null };

/** What is stored of an account. */
export type SealedAccount = {
  readonly channel: string;
  readonly origin_key: string;
  readonly api_url: string;
  readonly credentials: string;
};

/** What a channel asks of an account; channels that a process does not know cannot be spoken for. */
export type CredentialFields = (channel: string) => readonly CredentialField[] | undefined;

export type Accounts = {
  readonly open: (sealed: SealedAccount) => OpenedAccount;
  readonly seal: (owner: Pick<SealedAccount, "channel" | "origin_key">, account: Account) => string;
  readonly keyring: Keyring;
};

/** Makes what turns stored accounts into usable ones and back. */
export function createAccounts(fields: CredentialFields, keyring: Keyring): Accounts {
  return {
    keyring,
    seal: (owner, { credentials }) => keyring.seal(JSON.stringify(credentials), ownerOf(owner)),
    open: (sealed) => {
      const closed = { apiUrl: sealed.api_url, credentials: {} };
      const opened = keyring.open(sealed.credentials, ownerOf(sealed));
      if (!opened.ok) return { account: closed, fault: sentences[opened.reason] };
      const credentials = stringsOf(opened.text);
      const asked = fields(sealed.channel);
      if (credentials === null) return { account: closed, fault: sentences.damaged };
      if (asked === undefined)
        return { account: closed, fault: "This program does not speak its channel." };
      const [first] = judgeCredentials(asked, credentials);
      const account = { apiUrl: sealed.api_url, credentials };
      return {
        account,
        fault: first === undefined ? null : `Its credentials are incomplete: ${first}.`,
      };
    },
  };
}

const sentences = {
  unknown_key: "Its credentials were encrypted with a key that this process does not have.",
  damaged: "Its credentials cannot be decrypted: they were changed, or moved from another origin.",
} as const;

/** Credentials that were copied from one origin to another do not open. */
function ownerOf({ channel, origin_key }: Pick<SealedAccount, "channel" | "origin_key">): string {
  return `${channel}/${origin_key}`;
}

function stringsOf(text: string): Readonly<Record<string, string>> | null {
  const parsed = parseJson(text);
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  const entries = Object.entries(parsed.value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(entries);
}
