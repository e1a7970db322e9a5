/** Gives 1, 2, 3 and so on, or what comes after `last`. */
export function createCounter(last = 0): () => number {
  let count = last;
  return () => {
    count += 1;
    return count;
  };
}
