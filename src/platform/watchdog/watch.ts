/** What the event loop and the thread that watches it share. */
export type Watch = {
  /** One counter, which the event loop moves. */
  readonly beats: Int32Array<SharedArrayBuffer>;
  readonly lookMs: number;
  /** So many looks in a row at an unmoved counter mean that the loop stands still. */
  readonly looksMax: number;
};

/** Makes the look; true when it is one too many. */
export function createLook({ beats, looksMax }: Watch): () => boolean {
  let seen = Atomics.load(beats, 0);
  let unmoved = 0;
  return () => {
    const beat = Atomics.load(beats, 0);
    unmoved = beat === seen ? unmoved + 1 : 0;
    seen = beat;
    return unmoved >= looksMax;
  };
}
