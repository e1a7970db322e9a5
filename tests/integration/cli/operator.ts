import { operate } from "../../../src/app/operator.ts";
import { conversationOf, originId, tenantId } from "../../../src/core/ids.ts";
import type { TestDatabase } from "../../support/database.ts";
import { pipelineDatabase } from "../../support/workbench.ts";

/** What one command said and how it ended. */
export type Ran = { readonly code: number; readonly out: string; readonly note: string };

/** Runs `npm run hookdesk -- <line>` inside the test; quotes hold words together. */
export async function run(
  environment: Readonly<Record<string, string>>,
  line: string,
  screen: { readonly width: number | null; readonly colours: boolean } = {
    width: null,
    colours: false,
  },
): Promise<Ran> {
  const said = { out: "", note: "" };
  const terminal = {
    ...screen,
    out: (text: string | Uint8Array) => {
      said.out += typeof text === "string" ? text : new TextDecoder().decode(text);
    },
    note: (text: string) => {
      said.note += text;
    },
  };
  const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, word]) => quoted ?? word ?? "",
  );
  const code = await operate(args, { environment, terminal });
  return { code, ...said };
}

/** The ids that a list printed. */
export function idsIn(out: string): readonly string[] {
  return out.match(/\b[ed]-[0-9a-f]{8}-\d+/g) ?? [];
}

/**
 * Stores a client's message of the default origin and parks it in the same transaction, so that no worker sees it before.
 * Its text is what is read when it is replayed.
 */
export async function parkMessageOf(
  stage: { readonly database: TestDatabase },
  message: { readonly clientId: number; readonly messageId: number; readonly text: string },
): Promise<void> {
  const owner = pipelineDatabase(stage.database.url, { restricted: false });
  const [origin] = await stage.database.rows<{ tenant_id: number; origin_id: number }>(
    "SELECT tenant_id, origin_id FROM origins",
  );
  const [tenant, account] = [tenantId(origin?.tenant_id ?? 0), originId(origin?.origin_id ?? 0)];
  const subject = { kind: "client", identity: String(message.clientId) } as const;
  const conversation = conversationOf(tenant, account, subject);
  const raw = Buffer.from(JSON.stringify(webhookOf(message)));
  const key = {
    o: 0,
    t: tenant,
    g: account,
    b: 0,
    k: `parked ${message.messageId}`,
    c: conversation,
  };
  const row = { ...key, y: "client_message", r: null, f: 1, n: raw.length, i: 0, d: 1 };
  await owner.lend(async (client) => {
    await client.query("BEGIN");
    const stored = await client.query("SELECT id FROM ingest($1::json, $2::bytea)", [
      JSON.stringify([row]),
      raw,
    ]);
    await client.query(
      "SELECT fail_event($1, $2, $3, 'Error: the dialog cannot bear this', 1, false)",
      [tenant, conversation, stored.rows[0]?.id],
    );
    await client.query("COMMIT");
  });
  await owner.close();
}

function webhookOf(message: {
  readonly clientId: number;
  readonly messageId: number;
  readonly text: string;
}) {
  return {
    hook_type: "inbox",
    message_id: message.messageId,
    client_id: message.clientId,
    type: "from_client",
    text: message.text,
    is_new: true,
  };
}
