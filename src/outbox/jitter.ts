/** A number from 0 to 1, without 1, that differs from grant to grant: what failed together does not come back together. */
export function jitterOf(token: string): number {
  return Bun.hash.crc32(token) / 2 ** 32;
}
