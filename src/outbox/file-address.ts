import type { TenantId } from "../core/ids.ts";
import type { OutgoingContent } from "../message/outgoing.ts";

/** The address from which a platform fetches a file of a tenant; null when there is none. */
export type AddressOf = (tenant: TenantId, url: string) => string | null;

/** A message whose file, if it carries one, has an address that is good from now on; null when it cannot have one. */
export function withAddress(
  content: OutgoingContent,
  tenant: TenantId,
  addressOf: AddressOf,
): OutgoingContent | null {
  if (!("url" in content)) return content;
  const url = addressOf(tenant, content.url);
  return url === null ? null : { ...content, url };
}
