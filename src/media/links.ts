import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { type TenantId, tenantId } from "../core/ids.ts";

/**
 * Addresses under which a stored file can be had for a while: `/media/<tenant>-<id>?expires=<s>&signature=<s>`. Whoever has the address
 * has the file, until it expires; nobody can make one without a key, or change one.
 */
export type MediaLinks = {
  /** The address of a file of a tenant, from the root of this server; null without a key. `expiresAt` is ms since the epoch. */
  readonly pathOf: (file: MediaName, expiresAt: number) => string | null;
  /** Judges an address, in constant time; `now` is ms since the epoch. */
  readonly verify: (name: string, query: URLSearchParams, now: number) => VerifiedLink;
};

export type MediaName = {
  readonly tenant: TenantId;
  /** A UUID. */
  readonly id: string;
};

/** `expired` is only said of an address that was ours. */
export type VerifiedLink =
  | { readonly ok: true; readonly file: MediaName; readonly expiresAt: number }
  | { readonly ok: false; readonly reason: "signature_wrong" | "expired" };

const keyBytes = 32;
const purpose = "hookdesk media links";
const nameForm = /^(\d{1,10})-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;
const expiresForm = /^\d{1,11}$/;
const signatureForm = /^[\w-]{43}$/;
const wrong: VerifiedLink = { ok: false, reason: "signature_wrong" };

/** Makes links of the installation's secret keys, of which the first signs and all are believed. */
export function createMediaLinks(secretKeys: readonly Buffer[]): MediaLinks {
  const keys = secretKeys.map((key) => Buffer.from(hkdfSync("sha256", key, "", purpose, keyBytes)));
  const [current] = keys;
  return {
    pathOf: ({ tenant, id }, expiresAt) => {
      if (current === undefined) return null;
      const name = `${tenant}-${id}`;
      const expires = String(Math.ceil(expiresAt / 1_000));
      const signature = sign(current, name, expires).toString("base64url");
      return `/media/${name}?expires=${expires}&signature=${signature}`;
    },
    verify: (name, query, now) => {
      const read = readLink(name, query);
      if (read === null) return wrong;
      const { file, expires, signature } = read;
      if (!keys.some((key) => timingSafeEqual(sign(key, name, expires), signature))) return wrong;
      const expiresAt = Number(expires) * 1_000;
      return now < expiresAt ? { ok: true, file, expiresAt } : { ok: false, reason: "expired" };
    },
  };
}

type ReadLink = {
  readonly file: MediaName;
  readonly expires: string;
  readonly signature: Buffer;
};

/** Null for what has not the form of our links. */
function readLink(name: string, query: URLSearchParams): ReadLink | null {
  const [, tenant, id] = nameForm.exec(name) ?? [];
  const expires = query.get("expires") ?? "";
  const signature = query.get("signature") ?? "";
  if (tenant === undefined || id === undefined) return null;
  if (!expiresForm.test(expires) || !signatureForm.test(signature)) return null;
  const file = { tenant: tenantId(Number(tenant)), id };
  return { file, expires, signature: Buffer.from(signature, "base64url") };
}

function sign(key: Buffer, name: string, expires: string): Buffer {
  return createHmac("sha256", key).update(`${name}\n${expires}`).digest();
}
