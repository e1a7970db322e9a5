import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countTests, filesWithoutTests } from "../../../scripts/services/test-report.ts";

const folder = mkdtempSync(join(tmpdir(), "hookdesk-report-"));
const report = join(folder, "junit.xml");
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  report,
  `<?xml version="1.0"?>
<testsuites name="bun test" tests="9" assertions="20" failures="2" skipped="3" time="1">
  <testsuite name="tests/one.test.ts" file="tests/one.test.ts" tests="9" failures="2" skipped="3">
    <testcase name="&lt;testsuites tests=&quot;70&quot;&gt;" />
  </testsuite>
</testsuites>`,
);

test("a skipped test has neither passed nor failed", async () => {
  expect(await countTests(report)).toEqual({ passed: 4, failed: 2 });
});

test("a report that was never written counts nothing as passed", async () => {
  expect(await countTests(join(folder, "none.xml"))).toEqual({ passed: 0, failed: 0 });
});

test("a test file that the report does not know is named", async () => {
  mkdirSync(join(folder, "tests", "deep"), { recursive: true });
  for (const name of ["one.test.ts", "deep/two.test.ts", "deep/support.ts"]) {
    writeFileSync(join(folder, "tests", name), "");
  }
  expect(await filesWithoutTests(folder, report)).toEqual(["tests/deep/two.test.ts"]);
});
