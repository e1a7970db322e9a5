import type { RunRecord } from "./run-record.ts";
import type { Service } from "./service.ts";

/** What has been started so far, to be stopped in reverse order. */
export class Services {
  readonly #started: Service[] = [];
  readonly #record: RunRecord;

  constructor(record: RunRecord) {
    this.#record = record;
  }

  /**
   * Takes a service over as soon as it runs, so that whatever fails next still stops it. Should we be
   * killed, the next command removes its throw-away folder.
   */
  async keep<Kept extends Service>(service: Kept, throwAwayFolder?: string): Promise<Kept> {
    this.#started.push(service);
    if (throwAwayFolder !== undefined) this.#record.addFolder(throwAwayFolder);
    const postgres = service.name === "PostgreSQL";
    const signal = postgres ? "SIGINT" : "SIGTERM";
    await this.#record.add({ name: service.name, pid: service.pid, signal, group: !postgres });
    return service;
  }

  /** Resolves when the first of them is gone, with a sentence. */
  firstDeath(): Promise<string> {
    const deaths = this.#started.map(async ({ name, exited }) => `${name} ${await exited}`);
    return Promise.race(deaths);
  }

  /** Stops all of them, also when one cannot be stopped. Each service has its own deadline. */
  async stop(): Promise<void> {
    for (let service = this.#started.pop(); service !== undefined; service = this.#started.pop()) {
      await service.stop();
    }
    this.#record.close();
  }
}
