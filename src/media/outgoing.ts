import type { Clock } from "../core/clock.ts";
import type { TenantId } from "../core/ids.ts";
import type { MediaLinks } from "./links.ts";

/**
 * A file of ours in an outgoing message is written as `media:<id>`: what is queued holds no address that could expire, and gets one at the
 * moment of sending.
 */
const ownFile = /^media:([0-9a-f-]{36})$/;

/** How long a platform may take to fetch a file that we send it, ms. */
const linkLifeMs = 24 * 60 * 60_000;

export type OutgoingFiles = {
  /**
   * The address from which a platform fetches a file: that of one of ours, or any other as it is. Null when ours has none, because
   * the installation knows no key or not how the world reaches it.
   */
  readonly addressOf: (tenant: TenantId, url: string) => string | null;
};

export type OutgoingFilesParts = {
  readonly links: MediaLinks;
  /** Where the world reaches this installation, without a slash at its end. */
  readonly publicUrl: string | null;
  readonly clock: Clock;
};

/** Makes what gives outgoing files their addresses. */
export function createOutgoingFiles({
  links,
  publicUrl,
  clock,
}: OutgoingFilesParts): OutgoingFiles {
  return {
    addressOf: (tenant, url) => {
      const id = ownFile.exec(url)?.[1];
      if (id === undefined) return url;
      const path = links.pathOf({ tenant, id }, clock.now() + linkLifeMs);
      return path === null || publicUrl === null ? null : `${publicUrl}${path}`;
    },
  };
}
