import { posix } from "node:path";
import { lineAt, readSource } from "./lexer.ts";

/** One file naming another, or a package. Type imports count: they bind two modules as firmly as values do. */
export type Import = {
  readonly line: number;
  readonly specifier: string;
  /** Path from the project's root when the specifier is relative, else null. */
  readonly target: string | null;
  /** The package's name when it is neither relative nor built in, else null. */
  readonly vendor: string | null;
};

const IMPORTS_NEXT_STRING =
  /\bfrom\s*$|\bimport\s*\(?\s*$|\brequire\s*(?:\.\s*resolve\s*)?\(\s*$|\bimport\.meta\.resolve\s*\(\s*$/;
/** A string that names a file beside this one is a use of it: workers, SQL and Lua read by `Bun.file(new URL(...))`. */
const NAMES_A_FILE = /^\.{1,2}\/[\w./-]+\.(?:ts|lua|sql|json)$/;
const BUILT_IN = /^(?:node:|bun:|bun$)/;
/** Enough of the code before a string to see whether it imports. */
const LOOK_BEHIND_CHARS = 80;

/** Every import of a file: static, dynamic, of types, re-exports, and strings that name a file by a relative path. */
export function importsOf(path: string, text: string): readonly Import[] {
  const { code, strings } = readSource(text);
  return strings.flatMap(({ start, value }) => {
    const before = code.slice(Math.max(0, start - LOOK_BEHIND_CHARS), start);
    const imported = IMPORTS_NEXT_STRING.test(before);
    if (!imported && !NAMES_A_FILE.test(value)) return [];
    const line = lineAt(text, start);
    return [{ line, ...resolve(path, value) }];
  });
}

/** Lines with an `import()` whose target is computed, which no rule can follow. */
export function computedImportsOf(text: string): readonly number[] {
  const { code } = readSource(text);
  return [...code.matchAll(/(?<!\.)\bimport\s*\(\s*(?!["'\s])/g)].map(({ index }) =>
    lineAt(text, index),
  );
}

function resolve(path: string, specifier: string): Pick<Import, "specifier" | "target" | "vendor"> {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    return { specifier, target, vendor: null };
  }
  const vendor = BUILT_IN.test(specifier) ? null : packageOf(specifier);
  return { specifier, target: null, vendor };
}

function packageOf(specifier: string): string {
  const segments = specifier.startsWith("@") ? 2 : 1;
  return specifier.split("/").slice(0, segments).join("/");
}
