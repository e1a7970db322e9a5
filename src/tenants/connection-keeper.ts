import { isSupported } from "../channels/capability.ts";
import type { Channel, Connection, Registration } from "../channels/channel.ts";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { OriginId } from "../core/ids.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Accounts } from "./accounts.ts";
import type { Origin, Origins } from "./origins.ts";

/**
 * Asks each platform whether it still delivers to us, and mends what has drifted; renews credentials that end by themselves; shows
 * what came while an origin was disabled.
 *
 *   due ──check──▶ connected, failing, refused, unreachable ─────────────▶ noted, told by `/health`
 *              └─▶ drifted ──connect──▶ connected: noted as repaired
 */
export type ConnectionKeeperParts = {
  readonly database: Database;
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly accounts: Accounts;
  /** Where the world reaches us; null when nobody has said, then nothing is checked. */
  readonly publicUrl: string | null;
  readonly leads: () => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
};

const lookEveryMs = 5_000;
/** How often the connection of one origin is looked at, ms: each look is a call of the platform's API, which may have a quota. */
const checkEveryMs = 300_000;
const checksPerLook = 20;
const renewEveryMs = 86_400_000;

const statements = {
  due: { name: "due_checks", text: "SELECT due_checks($1, $2) AS origin_id" },
  note: { name: "note_connection", text: "SELECT note_connection($1, $2, $3, $4, $5)" },
  renewal: { name: "take_renewal", text: "SELECT take_renewal($1, $2, $3) AS taken" },
  save: { name: "save_credentials", text: "SELECT save_credentials($1, $2, $3, $4) AS saved" },
  show: { name: "show_shadowed", text: "SELECT show_shadowed() AS shown" },
} satisfies Record<string, Statement>;

/** Makes the keeper; one process leads it. */
export function createConnectionKeeper(parts: ConnectionKeeperParts): Periodic {
  const { database, logger } = parts;
  return periodic({
    name: "connection keeper",
    pauseMs: lookEveryMs,
    onError: (error) => logger.debug("connection keeper", { error: describeError(error) }),
    run: async () => {
      if (!(await parts.leads())) return undefined;
      await database.query(statements.show, []);
      const due = await database.query<{ origin_id: OriginId }>(statements.due, [
        checkEveryMs,
        checksPerLook,
      ]);
      for (const { origin_id } of due) await lookAt(parts, parts.origins.byId(origin_id));
      return undefined;
    },
  });
}

async function lookAt(parts: ConnectionKeeperParts, origin: Origin | undefined): Promise<void> {
  const channel = origin === undefined ? undefined : parts.channels.get(origin.channel);
  if (origin === undefined || channel === undefined || origin.fault !== null) return;
  const found = await connectionOf(parts, channel, origin);
  await note(parts, origin, found);
  await renew(parts, channel, origin);
}

/** Also that nobody can be asked: the platform has no such thing, or nobody has said where the world reaches us. */
export type Checked =
  | Connection
  | { readonly state: "unchecked"; readonly notes: readonly string[] };
type Found = Checked & { readonly repaired: string | null };

/** What keeps us from telling a platform our address. */
export const noPublicUrl =
  "Nobody has said where the world reaches us: set HOOKDESK_URL, such as https://your.host.";

async function connectionOf(
  { publicUrl }: ConnectionKeeperParts,
  { registration }: Channel,
  origin: Origin,
): Promise<Found> {
  if (!isSupported(registration))
    return { state: "unchecked", notes: [registration.unsupported], repaired: null };
  if (publicUrl === null) return { state: "unchecked", notes: [noPublicUrl], repaired: null };
  return checkAndMend(registration, origin, webhookAddress(publicUrl, origin));
}

/** One look, and one repair when the platform knows another address or other settings. */
export async function checkAndMend(
  registration: Registration,
  { account }: Pick<Origin, "account">,
  address: string,
): Promise<Found> {
  const found = await registration.check(account, address);
  if (found.state !== "drifted") return { ...found, repaired: null };
  const mended = await registration.connect(account, address);
  const [why = "The platform knew another address."] = found.notes;
  return { ...mended, repaired: mended.state === "connected" ? why : null };
}

/** An origin's webhook as the world reaches it. */
export function webhookAddress(
  publicUrl: string,
  { channel, key }: Pick<Origin, "channel" | "key">,
): string {
  return `${publicUrl}/webhook/${channel}/${key}`;
}

async function note(parts: ConnectionKeeperParts, origin: Origin, found: Found): Promise<void> {
  const { state, notes, repaired } = found;
  const { tenant, id } = origin;
  const values = [tenant, id, state, JSON.stringify(notes), repaired];
  await parts.database.query(statements.note, values);
  if (repaired !== null) parts.logger.warn("a webhook was registered again", { origin: id });
  if (state !== "connected" && state !== "unchecked")
    parts.logger.warn("a webhook is not connected", { origin: id, state });
}

async function renew(
  { database, accounts, clock, logger }: ConnectionKeeperParts,
  { renewal }: Channel,
  origin: Origin,
): Promise<void> {
  if (!isSupported(renewal)) return;
  const { tenant, id, account } = origin;
  const taken = await database.query<{ taken: boolean }>(statements.renewal, [
    tenant,
    id,
    renewEveryMs,
  ]);
  if (taken[0]?.taken !== true) return;
  const renewed = await renewal.renew(account, clock.now());
  if (renewed.type === "failed")
    logger.warn("credentials could not be renewed", { origin: id, reason: renewed.detail });
  if (renewed.type !== "renewed") return;
  const credentials = { ...account.credentials, ...renewed.fields };
  const owner = { channel: origin.channel, origin_key: origin.key };
  const sealed = accounts.seal(owner, { ...account, credentials });
  await database.query(statements.save, [tenant, id, origin.sealed, sealed]);
}
