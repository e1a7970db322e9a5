import { completeCredentials, type Credentials, judgeCredentials } from "../channels/account.ts";
import { isSupported } from "../channels/capability.ts";
import type { Channel } from "../channels/channel.ts";
import type { Accounts } from "./accounts.ts";
import { type Checked, checkAndMend, noPublicUrl, webhookAddress } from "./connection-keeper.ts";
import type { RegistryStore, StoredOrigin } from "./registry-store.ts";

/** What people do to origins by hand. Works as the owner of the database, who sees every tenant. */
export type Registry = {
  /** Makes an origin, and its tenant when there is none of that name; then tells the platform our address. */
  readonly add: (wish: NewOrigin) => Promise<Added>;
  readonly list: (filter: OriginFilter) => Promise<readonly OriginLine[]>;
  /** Asks the platform, and tells it our address again when it knows another. */
  readonly check: (origin: OriginLine) => Promise<Checked>;
  /** Resolves with how many messages that came meanwhile are shown now. */
  readonly setEnabled: (origin: OriginLine, enabled: boolean) => Promise<number>;
  /** Replaces some of an origin's credentials; faults are sentences. */
  readonly change: (origin: OriginLine, fields: Credentials) => Promise<readonly string[]>;
  /** Seals every origin's credentials with the current key. */
  readonly rotate: () => Promise<Rotated>;
};

export type NewOrigin = {
  readonly channel: string;
  readonly key: string;
  readonly tenant: string;
  readonly credentials: Credentials;
  readonly apiUrl: string | null;
  readonly rate: { readonly count: number; readonly windowMs: number } | null;
  readonly language: string;
};

export type Added =
  | { readonly ok: true; readonly origin: OriginLine; readonly connection: Checked }
  | { readonly ok: false; readonly faults: readonly string[] };

export type OriginFilter = { readonly tenant?: string; readonly origin?: string };

/** An origin as it is told to people: without its credentials. */
export type OriginLine = {
  readonly tenant: number;
  readonly tenantName: string;
  readonly id: number;
  readonly channel: string;
  readonly key: string;
  readonly enabled: boolean;
  readonly rate: { readonly count: number; readonly windowMs: number };
  readonly fault: string | null;
  /** What was found when its platform was last asked. */
  readonly state: string | null;
  /** Where its platform is to deliver. */
  readonly webhook: string;
};

export type Rotated = { readonly sealed: number; readonly unreadable: readonly OriginLine[] };

export type RegistryParts = {
  readonly store: RegistryStore;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly accounts: Accounts;
  readonly publicUrl: string | null;
};

const keyForm = /^[\w-]{1,64}$/;

/** Makes the operations on origins. */
export function createRegistry(parts: RegistryParts): Registry {
  const { store, channels, accounts } = parts;
  const lineOf = (row: StoredOrigin): OriginLine => describe(parts, row);

  const check = async (row: StoredOrigin): Promise<Checked> => {
    const found = await connectionOf(parts, row);
    await store.note(row, found);
    return found;
  };
  const storedAt = async ({ tenant, id }: OriginLine): Promise<StoredOrigin> => {
    const [row] = await store.list({ tenant: String(tenant), origin: String(id) });
    if (row === undefined) throw new Error("the origin is gone");
    return row;
  };

  return {
    add: async (wish) => {
      const channel = channels.get(wish.channel);
      const faults = faultsOf(wish, channel, [...channels.keys()]);
      if (channel === undefined || faults.length > 0) return { ok: false, faults };
      const credentials = completeCredentials(channel.credentials, wish.credentials);
      const apiUrl = (wish.apiUrl ?? channel.apiUrl).replace(/\/+$/, "");
      const owner = { channel: wish.channel, origin_key: wish.key };
      const row = await store.add({
        ...wish,
        apiUrl,
        sealed: accounts.seal(owner, { apiUrl, credentials }),
        rate: wish.rate ?? channel.limits.account,
      });
      if (row === null)
        return {
          ok: false,
          faults: [`${wish.channel}/${wish.key} is taken: choose another --key`],
        };
      return { ok: true, origin: lineOf(row), connection: await check(row) };
    },
    list: async (filter) => (await store.list(filter)).map(lineOf),
    check: async (origin) => check(await storedAt(origin)),
    setEnabled: (origin, enabled) => store.setEnabled(origin, enabled),
    change: async (origin, fields) => {
      const row = await storedAt(origin);
      const { account } = accounts.open(row);
      const credentials = { ...account.credentials, ...fields };
      const faults = judgeCredentials(channels.get(row.channel)?.credentials ?? [], credentials);
      if (faults.length > 0) return faults;
      const saved = await store.save(row, accounts.seal(row, { ...account, credentials }));
      return saved ? [] : ["somebody else has changed it at the same time: try again"];
    },
    rotate: async () => {
      const rows = await store.list({});
      const stale = rows.filter((row) => !accounts.keyring.isCurrent(row.credentials));
      const unreadable: OriginLine[] = [];
      let sealed = 0;
      for (const row of stale) {
        const opened = accounts.keyring.open(row.credentials, `${row.channel}/${row.origin_key}`);
        if (!opened.ok) unreadable.push(lineOf(row));
        else if (
          await store.save(
            row,
            accounts.keyring.seal(opened.text, `${row.channel}/${row.origin_key}`),
          )
        )
          sealed += 1;
      }
      return { sealed, unreadable };
    },
  };
}

function faultsOf(
  wish: NewOrigin,
  channel: Channel | undefined,
  known: readonly string[],
): readonly string[] {
  if (channel === undefined)
    return [`there is no channel ${JSON.stringify(wish.channel)}; there are ${known.join(", ")}`];
  const completed = completeCredentials(channel.credentials, wish.credentials);
  return [
    ...(keyForm.test(wish.key) ? [] : ["--key is 1 to 64 letters, digits, _ or -"]),
    ...(wish.apiUrl === null || URL.canParse(wish.apiUrl) ? [] : ["--api-url is no address"]),
    ...judgeCredentials(channel.credentials, completed),
  ];
}

function describe({ accounts, publicUrl }: RegistryParts, row: StoredOrigin): OriginLine {
  const place = { channel: row.channel, key: row.origin_key };
  return {
    tenant: row.tenant_id,
    tenantName: row.tenant,
    id: row.origin_id,
    ...place,
    enabled: row.enabled,
    rate: { count: row.rate_count, windowMs: row.rate_window_ms },
    fault: accounts.open(row).fault,
    state: row.state,
    webhook: webhookAddress(publicUrl ?? "", place),
  };
}

async function connectionOf(
  { channels, accounts, publicUrl }: RegistryParts,
  row: StoredOrigin,
): Promise<Checked> {
  const { account, fault } = accounts.open(row);
  const registration = channels.get(row.channel)?.registration;
  if (fault !== null) return { state: "refused", notes: [fault] };
  if (registration === undefined)
    return { state: "unchecked", notes: ["Its channel is not known."] };
  if (!isSupported(registration)) return { state: "unchecked", notes: [registration.unsupported] };
  if (publicUrl === null) return { state: "unchecked", notes: [noPublicUrl] };
  const place = { channel: row.channel, key: row.origin_key };
  const found = await checkAndMend(registration, { account }, webhookAddress(publicUrl, place));
  return found.repaired === null
    ? found
    : { state: found.state, notes: [`${found.repaired} It was told ours.`, ...found.notes] };
}
