import type { CredentialField } from "../account.ts";

const printable = /^[\x21-\x7e]{1,1024}$/;
const graphId = /^\d{1,40}$/;

/** An id of the Graph, which is no secret. */
export function graphIdField(name: string, what: string): CredentialField {
  return { name, what, secret: false, pattern: graphId, absent: "fault" };
}

/** The token in whose name the Graph is called; `what` says where to get it. */
export function tokenField(what: string): CredentialField {
  return { name: "token", what, secret: true, pattern: printable, absent: "fault" };
}

/** What every app of Meta has. */
export const appFields: readonly CredentialField[] = [
  {
    name: "app-secret",
    what: "the app's secret (App settings, Basic), which signs its webhooks",
    secret: true,
    pattern: printable,
    absent: "fault",
  },
  {
    name: "verify-token",
    what: "any word that you also enter beside the callback URL; made up when you say none",
    secret: true,
    pattern: printable,
    absent: "generated",
  },
];
