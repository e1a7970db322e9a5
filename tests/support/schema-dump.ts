import type { TestDatabase } from "./database.ts";

/** The days' partitions come and go; everything else of the schema is the migrations' work. */
const lasting = "c.relnamespace = 'public'::regnamespace AND c.relname !~ '^journal_\\d{8}'";

const queries = [
  `SELECT 'sequence ' || c.relname || ' cache ' || s.seqcache AS line
   FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid WHERE ${lasting}`,

  `SELECT 'table ' || c.relname
     || coalesce(' partition of ' || (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = c.oid), '')
     || coalesce(' by ' || pg_get_partkeydef(c.oid), '')
     || CASE WHEN c.relforcerowsecurity THEN ', row security forced' ELSE '' END
     || coalesce(', ' || array_to_string(c.reloptions, ', '), '') AS line
   FROM pg_class c WHERE ${lasting} AND c.relkind IN ('r', 'p')`,

  `SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
     || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
     || CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END
     || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS line
   FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE ${lasting} AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,

  `SELECT 'constraint ' || c.relname || ' ' || pg_get_constraintdef(k.oid) AS line
   FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid WHERE ${lasting} AND NOT c.relispartition`,

  `SELECT 'index ' || pg_get_indexdef(i.indexrelid) AS line
   FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid WHERE ${lasting} AND NOT c.relispartition`,

  `SELECT 'policy ' || c.relname || '.' || p.polname || ' for ' || p.polcmd::text || ' using ' || pg_get_expr(p.polqual, c.oid)
     || ' check ' || pg_get_expr(p.polwithcheck, c.oid) AS line
   FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE ${lasting}`,

  `SELECT 'view ' || c.relname || coalesce(' with ' || array_to_string(c.reloptions, ', '), '') || ':' || pg_get_viewdef(c.oid) AS line
   FROM pg_class c WHERE ${lasting} AND c.relkind IN ('v', 'm')`,

  `SELECT 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') returns ' || pg_get_function_result(p.oid)
     || ' ' || l.lanname::text || CASE p.provolatile WHEN 'i' THEN ' immutable' WHEN 's' THEN ' stable' ELSE '' END
     || CASE WHEN p.prosecdef THEN ' security definer' ELSE '' END
     || coalesce(' set ' || array_to_string(p.proconfig, ', '), '') AS line
   FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace`,

  "SELECT 'trigger ' || pg_get_triggerdef(oid) AS line FROM pg_trigger WHERE NOT tgisinternal",
];

/** The schema as the catalogue tells it, one thing a line, in an order that does not depend on the server's language. */
export async function dumpSchema(database: TestDatabase): Promise<string> {
  const lines: string[] = [];
  for (const query of queries) {
    const rows = await database.rows<{ line: string }>(query);
    lines.push(...rows.map(({ line }) => `-- ${line.replaceAll(/\s+/g, " ")}`).toSorted());
  }
  return `${lines.join("\n")}\n`;
}
