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
  "": `Looks after a Hookdesk: parked work, the ledger, and the accounts that are connected.

  ${start} <command> [options]

  parked list         what was set aside after failing too often
  parked show         one piece of it, with the history of its attempts
  parked replay       puts it back to work
  parked discard      ends it for good
  ledger              what became of every event, and whether it balances
  origins add         connects an account of a channel
  origins list        what is connected, and how it is
  origins check       asks the platforms whether they deliver to us, and mends it
  origins enable      sends again, and shows what came meanwhile
  origins disable     stores what arrives and sends nothing
  origins rotate      other credentials, or the same ones under another key

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
  origins: `An origin is one connected account of a channel: its credentials, its limit, and where its webhooks go.

  ${start} origins add <channel> name=value… [--key NAME]
  ${start} origins list
  ${start} origins check [<origin>]
  ${start} origins enable <origin>
  ${start} origins disable <origin>
  ${start} origins rotate [<origin> name=value…]
`,
  "origins add": `Connects an account of a channel, and tells the platform our address where it can be told.

  ${start} origins add telegram token=@token.txt --key shop
  ${start} origins add chat2desk token=- --key shop --tenant north

Without its credentials it says which ones the channel needs and where to find them. A value may be @file, or - for what comes in:
what stands on a command line is seen by others on this machine.

  --key NAME          the end of its webhook's address (default main)
  --tenant NAME       whose it is; made when there is none of that name (default: default)
  --rate N/TIME       at most so many messages, such as 30/1s (default: the channel's own)
  --language LANG     what the bot speaks: en, ru, es
  --api-url URL       where the platform's API is, if not where it usually is
`,
  "origins list": `Lists what is connected. Credentials are never shown.

  ${start} origins list [options]

  --tenant NAME       only this tenant (name or number)
  --origin NAME       only this origin (channel/key, its key, or its number)
  --json              for programs
`,
  "origins check": `Asks the platforms whether they deliver to us; one that knows another address is told ours. The exit code is 1
when any of them is not connected.

  ${start} origins check [<origin>]
`,
  "origins enable": `Lets an origin send again, and shows what came while it was disabled. Nothing of that is answered any more.

  ${start} origins enable <origin>
`,
  "origins disable": `Stops an origin: what arrives is still stored, but shadowed, and nothing is sent.

  ${start} origins disable <origin>
`,
  "origins rotate": `With an origin: gives it other credentials, and tells the platform our address again.
Without: seals all credentials with the first key of HOOKDESK_SECRET_KEY; afterwards the other keys can be taken away.

  ${start} origins rotate
  ${start} origins rotate <origin> token=@token.txt
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
