/** A module's function that is wrapped: `body` makes the new one from the old one, which it calls `original`. */
export type Seam = {
  readonly file: string;
  readonly name: string;
  /** Parameters as the wrapper declares and passes them on. */
  readonly parameters: string;
  readonly body: string;
};

/** Where a process can be killed or stopped, each before or after one step; poison is tasted where an event is decided. */
export const seams: readonly Seam[] = [
  {
    file: "journal/journal.ts",
    name: "createJournal",
    parameters: "database",
    body: `const made = original(database);
      return { ...made, store: async (webhook) => {
        drillHit("web.before-commit");
        const stored = await made.store(webhook);
        drillHit("web.after-commit");
        return stored;
      } };`,
  },
  {
    file: "lane/lanes.ts",
    name: "createLanes",
    parameters: "redis, prefix",
    body: `const made = original(redis, prefix);
      return { ...made,
        claim: async (token) => {
          const claimed = await made.claim(token);
          if (claimed.length > 0) drillHit("worker.after-claim");
          return claimed;
        },
        release: async (releases) => {
          drillHit("worker.before-release");
          return made.release(releases);
        } };`,
  },
  {
    file: "conversation/store.ts",
    name: "createConversationStore",
    parameters: "database",
    body: `const made = original(database);
      return { ...made, commit: async (lanes, rows) => {
        drillHit("worker.before-commit");
        if (lanes.some((lane) => !/\\d/.test(String(lane.x)))) drillHit("worker.before-tick");
        const verdicts = await made.commit(lanes, rows);
        drillHit("worker.after-commit");
        return verdicts;
      } };`,
  },
  {
    file: "conversation/decide.ts",
    name: "decide",
    parameters: "before, arrival, rules, facts",
    body: `drillTaste(arrival.event.content?.text);
      return original(before, arrival, rules, facts);`,
  },
  {
    file: "outbox/store.ts",
    name: "createOutboxStore",
    parameters: "database",
    body: `const made = original(database);
      return { ...made, exchange: async (finished, grants) => {
        if (finished.length > 0) drillHit("outbox.before-record");
        const answers = await made.exchange(finished, grants);
        if (grants.length > 0) drillHit("outbox.after-mark");
        if (finished.length > 0) drillHit("outbox.after-record");
        return answers;
      } };`,
  },
  {
    file: "channels/chat2desk/chat2desk.ts",
    name: "createChat2Desk",
    parameters: "options",
    body: `const made = original(options);
      return { ...made, send: async (delivery, account) => {
        const outcome = await made.send(delivery, account);
        drillHit("outbox.after-send");
        return outcome;
      } };`,
  },
];

/** The source of a module with its function wrapped. @throws when the function is not there: a point that cannot fire is a fault. */
export function wrapped(seam: Seam, source: string): string {
  const declared = new RegExp(`^export (async )?function ${seam.name}\\b`, "m");
  if (!declared.test(source)) throw new Error(`the drill finds no ${seam.name} in ${seam.file}`);
  const inner = source.replace(declared, (_all, async = "") => `${async}function original`);
  return `${inner}\nexport function ${seam.name}(${seam.parameters}) {\n${seam.body}\n}\n`;
}
