/** The most arrivals in any window of this length, wherever it begins. */
export function fullestWindow(arrivalsMs: readonly number[], windowMs: number): number {
  let first = 0;
  return arrivalsMs.reduce((most, at, index) => {
    while ((arrivalsMs[first] ?? at) <= at - windowMs) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}
