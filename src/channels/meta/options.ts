import type { HttpClient } from "../../platform/http/client.ts";

/** What every channel of the family is made with. */
export type MetaChannelOptions = {
  readonly http: HttpClient;
  readonly sendTimeoutMs?: number;
};
