import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ownFolder, stateFolder } from "./folders.ts";
import { errorCode } from "./service.ts";

const keyBytes = 32;

/**
 * The key that keeps origins' credentials unreadable at rest: the environment's, or one of this clone's own, made at its first start
 * and kept beside its data with access for its owner alone. Whoever loses that file connects the origins again.
 */
export function secretKey(): string {
  const given = process.env["HOOKDESK_SECRET_KEY"];
  if (given !== undefined && given !== "") return given;
  const file = join(ownFolder(stateFolder, "enter"), "secret-key");
  try {
    const key = Buffer.from(crypto.getRandomValues(new Uint8Array(keyBytes))).toString("base64");
    writeFileSync(file, `${key}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  return readFileSync(file, "utf8").trim();
}
