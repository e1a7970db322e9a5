import { z } from "zod";

export const percentilesShape = z.object({
  p50: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});

/** All in the unit of the samples, rounded to hundredths; all zero for none. */
export type Percentiles = z.infer<typeof percentilesShape>;

const capacityFirst = 4_096;

/** Every sample of one measurement, kept exactly. */
export class Samples {
  #values = new Float64Array(capacityFirst);
  #count = 0;

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  percentiles(): Percentiles {
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (share: number): number => {
      const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
      return Math.round(value * 100) / 100;
    };
    return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
  }
}
