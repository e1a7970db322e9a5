/** Files that clients have sent, by id: where each lies, for those who ask for it with the right token. */
export class MediaShelf {
  readonly #files = new Map<string, { readonly url: string; readonly mimeType: string }>();
  #next = 2_621_233_374_848_000;

  /** Keeps a file; returns its id. */
  store(url: string, mimeType: string): string {
    this.#next += 1;
    const id = String(this.#next);
    this.#files.set(id, { url, mimeType });
    return id;
  }

  find(id: string): { readonly url: string; readonly mimeType: string } | null {
    return this.#files.get(id) ?? null;
  }
}
