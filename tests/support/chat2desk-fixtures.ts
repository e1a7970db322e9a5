import { Glob } from "bun";
import { join } from "node:path";
import { isJsonObject, parseJson } from "../../src/core/json.ts";

export type Fixture = {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly raw: Uint8Array;
  /** What the adapter must say; a key of "body" stands for the digest of the body. */
  readonly expect: unknown;
};

const folder = join(import.meta.dir, "..", "fixtures", "chat2desk");

/** Reads the fixture set, with all digits of its ids. */
export async function readFixtures(): Promise<readonly Fixture[]> {
  const files = [...new Glob("*.json").scanSync(folder)].toSorted();
  return Promise.all(
    files.map(async (file) => fixture(file, await Bun.file(join(folder, file)).text())),
  );
}

function fixture(file: string, text: string): Fixture {
  const parsed = parseJson(text);
  const value = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
  const { name, body, expect } = value;
  if (typeof name !== "string" || !isJsonObject(body)) throw new Error(`${file} is no fixture`);
  return { name, body, raw: new TextEncoder().encode(JSON.stringify(body)), expect };
}
