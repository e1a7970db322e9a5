import { describe, expect, test } from "bun:test";
import { createUnstoredNote } from "../../../src/ingress/unstored-note.ts";
import type { LogFields, Logger } from "../../../src/platform/telemetry/logger.ts";

function recorder(): { readonly logger: Logger; readonly lines: LogFields[] } {
  const lines: LogFields[] = [];
  const nothing = () => undefined;
  const warn = (_message: string, fields: LogFields = {}) => void lines.push(fields);
  return { lines, logger: { debug: nothing, info: nothing, warn, error: nothing, debugs: false } };
}

describe("the note of webhooks that could not be stored", () => {
  test("the first is told at once, a flood in one line every five seconds, and none is left uncounted", () => {
    const { logger, lines } = recorder();
    let now = 0;
    const note = createUnstoredNote(logger, { now: () => now, monotonic: () => now });
    for (now = 0; now < 10_000; now += 10) note(1, new Error("away"));
    note(1, new Error("away"));
    expect(lines.map(({ webhooks }) => webhooks)).toEqual([1, 500, 500]);
    expect(lines[0]).toMatchObject({ origin: 1, error: "Error: away" });
  });
});
