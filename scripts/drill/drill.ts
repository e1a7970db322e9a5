/**
 * `npm run drill`: real processes under a seeded load and a seeded nemesis, and a checker that trusts only the histories of those
 * who are never killed. See README.md in this folder.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRun } from "../services/run-record.ts";
import { CannotStart } from "../services/service.ts";
import { Services } from "../services/services.ts";
import { listenForStop } from "../services/stop-request.ts";
import { catalogue, faultNamed } from "./faults/catalogue.ts";
import type { Fault } from "./faults/fault.ts";
import { catchMutants } from "./catch-mutants.ts";
import { type DrillOptions, readOptions, usage } from "./options.ts";
import { planRuns } from "./plan.ts";
import { isGreen, reportOf } from "./report.ts";
import { forgetStores, openSession, type Session } from "./session.ts";
import { copyTree } from "./tree.ts";

function say(line: string): void {
  console.log(line);
}

function listFaults(): void {
  const width = Math.max(...catalogue.map(({ name }) => name.length));
  for (const { name, codes, what } of catalogue)
    say(`${name.padEnd(width)}  ${codes.padEnd(8)}  ${what}`);
}

function chosen(options: DrillOptions): readonly Fault[] {
  return options.faults.map((name) => {
    const fault = faultNamed(name);
    if (fault === undefined)
      throw new CannotStart(`There is no fault ${name}; --list names them all.`);
    return fault;
  });
}

async function playAll(options: DrillOptions, session: Session): Promise<boolean> {
  const plans = planRuns(options, chosen(options));
  const tree = copyTree(join(session.folder, "tree"));
  const reports: string[] = [];
  let failed = 0;
  for (const [index, plan] of plans.entries()) {
    const names = plan.faults.map(({ name }) => name).join(" and ");
    say(`run ${index + 1} of ${plans.length}: seed ${plan.seed}, ${names}`);
    const result = await session.play(plan, tree);
    reports.push(reportOf(plan, result));
    if (!isGreen(result)) failed += 1;
  }
  if (options.report !== null) writeFileSync(options.report, `${reports.join("\n\n")}\n`);
  say(`${plans.length - failed} of ${plans.length} runs are green`);
  return failed === 0;
}

async function drill(options: DrillOptions): Promise<boolean> {
  const stop = listenForStop();
  const services = new Services(await openRun("drill"));
  let session: Session | null = null;
  try {
    const opened = await openSession({ services, say, keep: options.keep, signal: stop.signal });
    session = opened;
    const work = options.mutants
      ? catchMutants(options, { session: opened, say })
      : playAll(options, opened);
    const end = await Promise.race([work, stop.requested.then(() => null)]);
    if (end === null) say("drill: stopped before its end");
    else say(end ? "drill: everything held" : "drill: something did not hold");
    return end ?? false;
  } finally {
    await services.stop();
    if (session !== null) forgetStores(session);
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.help) say(usage);
  if (options.list) listFaults();
  if (options.help || options.list) return 0;
  try {
    return (await drill(options)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    console.error(error.message);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
