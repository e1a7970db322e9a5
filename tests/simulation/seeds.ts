/**
 * The seeds of a test: the fixed ones, which every run of CI repeats, and some that nobody has seen before, printed so that they
 * can be repeated. SIMULATION_SEED names a single one instead.
 */
export function forEachSeed(fixedCount: number, run: (seed: number) => void): void {
  const named = process.env["SIMULATION_SEED"];
  const seeds = named === undefined ? [...range(1, fixedCount), ...newSeeds] : [Number(named)];
  for (const seed of seeds) runSeed(seed, run);
}

/** The first of the seeds from 1 on that breaks a promise; null when none does. */
export function firstFaultySeed(seedsMax: number, run: (seed: number) => void): number | null {
  const isFaulty = (seed: number): boolean => {
    try {
      run(seed);
      return false;
    } catch {
      return true;
    }
  };
  return range(1, seedsMax).find(isFaulty) ?? null;
}

const newSeedsPerTest = 50;
const newSeedMin = 1_000_000;
const newSeedMax = 2_000_000_000;
const firstNewSeed = newSeedMin + Math.floor(Math.random() * (newSeedMax - newSeedMin));
const newSeeds = range(firstNewSeed, newSeedsPerTest);
console.log(`simulation: new seeds from ${firstNewSeed} to ${firstNewSeed + newSeedsPerTest - 1}`);

function range(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, place) => first + place);
}

/** Whatever is thrown names its seed. */
function runSeed(seed: number, run: (seed: number) => void): void {
  try {
    run(seed);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    if (told.includes(`SIMULATION_SEED=${seed}`)) throw error;
    throw new Error(`SIMULATION_SEED=${seed}: ${told}`, { cause: error });
  }
}
