import { join } from "node:path";

export type Counts = { readonly passed: number; readonly failed: number };

async function textOf(file: string): Promise<string> {
  const report = Bun.file(file);
  return (await report.exists()) ? report.text() : "";
}

/** Adds up a JUnit report of `bun test`; skipped tests are neither. A report that is not there counts nothing. */
export async function countTests(report: string): Promise<Counts> {
  const [totals = ""] = /<testsuites [^>]*>/.exec(await textOf(report)) ?? [];
  const number = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(totals)?.[1] ?? 0);
  const failed = number("failures");
  return { passed: number("tests") - failed - number("skipped"), failed };
}

/** Test files that the report does not know: Bun leaves out those that fail to load. Paths relative to the project. */
export async function filesWithoutTests(project: string, report: string): Promise<string[]> {
  const text = await textOf(report);
  if (text === "") return [];
  const reported = new Set([...text.matchAll(/<testsuite [^>]*file="([^"]+)"/g)].map(([, f]) => f));
  const files = await Array.fromAsync(new Bun.Glob("**/*.test.ts").scan(join(project, "tests")));
  return files.map((file) => join("tests", file)).filter((file) => !reported.has(file));
}
