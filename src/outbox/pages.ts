/** Cuts a list into pieces of at most `size`, so that one call of Redis neither holds it up nor has too many arguments. */
export function pagesOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const pages = Math.ceil(items.length / size);
  return Array.from({ length: pages }, (_, at) => items.slice(at * size, (at + 1) * size));
}
