import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

/**
 * Keeps credentials unreadable at rest: AES-256-GCM, bound to the origin they belong to, with the id of their key beside them.
 *
 *   sealed = `a256gcm:<key id>:<base64 of nonce, ciphertext, tag>`, or `plain:<text>` while no key is set
 *
 * The first key seals; every key opens, so that a new key can be set in front of the old one and the old one taken away once
 * everything was sealed again (`npm run hookdesk -- origins rotate`).
 */
export type Keyring = {
  /** Whether what is sealed is unreadable without a key. */
  readonly seals: boolean;
  readonly seal: (text: string, owner: string) => string;
  readonly open: (sealed: string, owner: string) => Opened;
  /** Whether it was sealed with the key that seals now. */
  readonly isCurrent: (sealed: string) => boolean;
};

export type Opened =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: "unknown_key" | "damaged" };

const nonceBytes = 12;
const tagBytes = 16;
const keyIdLength = 8;
const plainMark = "plain:";
const sealedForm = /^a256gcm:([0-9a-f]{8}):([A-Za-z0-9+/]+=*)$/;

type Key = { readonly id: string; readonly bytes: Buffer };

/** Reads a key of 32 bytes, written as 64 hex digits or as base64; null for anything else. */
export function readKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, "base64") : null;
}

/** Makes a keyring of keys, the current one first; none means that nothing is made unreadable. */
export function createKeyring(keys: readonly Buffer[]): Keyring {
  const known = keys.map((bytes): Key => ({ id: idOf(bytes), bytes }));
  const [current] = known;
  return {
    seals: current !== undefined,
    seal: (text, owner) =>
      current === undefined ? `${plainMark}${text}` : sealWith(current, text, owner),
    open: (sealed, owner) => {
      if (sealed.startsWith(plainMark)) return { ok: true, text: sealed.slice(plainMark.length) };
      const [, id, body] = sealedForm.exec(sealed) ?? [];
      if (id === undefined || body === undefined) return { ok: false, reason: "damaged" };
      const key = known.find((one) => one.id === id);
      if (key === undefined) return { ok: false, reason: "unknown_key" };
      return openWith(key, Buffer.from(body, "base64"), owner);
    },
    isCurrent: (sealed) =>
      current === undefined
        ? sealed.startsWith(plainMark)
        : sealed.startsWith(`a256gcm:${current.id}:`),
  };
}

/** Tells keys apart and nothing about them. */
function idOf(bytes: Buffer): string {
  return createHash("sha256")
    .update("hookdesk key\0")
    .update(bytes)
    .digest("hex")
    .slice(0, keyIdLength);
}

function sealWith(key: Key, text: string, owner: string): string {
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce).setAAD(Buffer.from(owner));
  const body = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
  return `a256gcm:${key.id}:${Buffer.concat(body).toString("base64")}`;
}

function openWith(key: Key, body: Buffer, owner: string): Opened {
  if (body.length < nonceBytes + tagBytes) return { ok: false, reason: "damaged" };
  const end = body.length - tagBytes;
  try {
    const cipher = createDecipheriv("aes-256-gcm", key.bytes, body.subarray(0, nonceBytes));
    cipher.setAAD(Buffer.from(owner)).setAuthTag(body.subarray(end));
    const text = [cipher.update(body.subarray(nonceBytes, end)), cipher.final()];
    return { ok: true, text: Buffer.concat(text).toString("utf8") };
  } catch {
    return { ok: false, reason: "damaged" };
  }
}
