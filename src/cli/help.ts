const start = "npm run hookdesk --";

const ids = `An id is what "parked list" prints: e-… is an event on its way in, d-… a delivery on its way out. It holds the
first 8 digits of the conversation's id; more of them may be given.`;

const filters = `  --events            only events
  --deliveries        only deliveries
  --tenant NAME       only this tenant (name or number)
  --origin NAME       only this origin (chat2desk/default, its key, or its number)
  --since WHEN        only what was parked since then: 30m, 12h, 7d, 2026-11-21 or 2026-11-21T08:00 (UTC)`;

/** What `--help` says, per command; the empty name is the whole. */
export const helpTexts = {
  "": `Looks after the records of a Hookdesk: parked work and the ledger.

  ${start} <command> [options]

  parked list         what was set aside after failing too often
  parked show         one piece of it, with the history of its attempts
  parked replay       puts it back to work
  parked discard      ends it for good
  ledger              what became of every event, and whether it balances

It speaks to the system of a running "npm start", or to the one that DATABASE_URL and REDIS_URL name.
"${start} <command> --help" says more.
`,
  parked: `Work that failed too often is parked, so that its conversation goes on without it.

  ${start} parked list
  ${start} parked show <id>
  ${start} parked replay <id>… | --all
  ${start} parked discard <id>… --why "…"

${ids}
`,
  "parked list": `Lists parked work, the newest first.

  ${start} parked list [options]

${filters}
  --limit N           at most so many lines (default 100)
  --json              for programs
`,
  "parked show": `Shows one piece of parked work with its attempts and why each of them failed.

  ${start} parked show <id> [options]

  --raw               the stored bytes as well: they hold customer data
  --json              for programs

${ids}
`,
  "parked replay": `Puts parked work back: events are applied now, exactly once, deliveries are sent now.

  ${start} parked replay <id>…
  ${start} parked replay --all [options]

${filters}
  --by NAME           who does it (default: your name on this machine)

Later events of the conversation may have been applied already; the replayed one is then applied after them. A delivery
whose attempt got no answer may have reached the customer: its replay is a second copy. "parked show" says so.

${ids}
`,
  "parked discard": `Ends parked work for good. Who did it, when and why stay on record; the ledger counts it as discarded.

  ${start} parked discard <id>… --why "…"

  --why TEXT          why it will never be applied or sent
  --by NAME           who decides it (default: your name on this machine)

${ids}
`,
  ledger: `What became of every event, per origin:

  received = applied + duplicate + ignored + parked + discarded + pending

It is read in one snapshot, so it must balance exactly also while the system runs; the exit code is 1 when it does not.
It reads the whole journal: run it on a replica when that is large.

  ${start} ledger [options]

  --tenant NAME       only this tenant (name or number)
  --origin NAME       only this origin (chat2desk/default, its key, or its number)
  --json              for programs
`,
} as const;

export type HelpTopic = keyof typeof helpTexts;
