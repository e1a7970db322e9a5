import { Gauge, Registry } from "prom-client";

/**
 * What is true of the whole installation at this moment, whoever looks. It is read when it is asked for and never added up, so
 * that no process repeats what it saw long ago.
 */
export type Situation = {
  readonly postgresUp: boolean;
  readonly redisUp: boolean;
  /** Open work in PostgreSQL by queue; empty while PostgreSQL does not tell. */
  readonly queues: readonly {
    readonly queue: string;
    readonly size: number;
    readonly oldestSeconds: number;
  }[];
  /** Wake-ups in Bull that nobody has taken yet, by queue. */
  readonly wakeUps: readonly { readonly queue: string; readonly waiting: number }[];
  readonly parked: readonly { readonly kind: "events" | "deliveries"; readonly count: number }[];
  readonly originsOnHold: number | null;
  /** Live processes by role. */
  readonly processes: Readonly<Record<string, number>>;
};

/** Prometheus text of the situation; what is not known is left out. */
export async function situationText(situation: Situation): Promise<string> {
  const registers = [new Registry()] as const;
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `hookdesk_${name}`, help, labelNames, registers: [...registers] });
  gauge("postgres_up", "1 while PostgreSQL answers").set(Number(situation.postgresUp));
  gauge("redis_up", "1 while Redis answers").set(Number(situation.redisUp));
  const depth = gauge("queue_depth", "Open work in PostgreSQL", "queue");
  const oldest = gauge("queue_oldest_seconds", "Age of the oldest open work", "queue");
  for (const { queue, size, oldestSeconds } of situation.queues) {
    depth.set({ queue }, size);
    oldest.set({ queue }, oldestSeconds);
  }
  const wakeUps = gauge("bull_waiting", "Wake-ups in Bull that nobody has taken yet", "queue");
  for (const { queue, waiting } of situation.wakeUps) wakeUps.set({ queue }, waiting);
  const parked = gauge("parked", "Work that was given up and can be replayed", "kind");
  for (const { kind, count } of situation.parked) parked.set({ kind }, count);
  const held = gauge("origins_on_hold", "Origins that must not be called now", "state");
  if (situation.originsOnHold !== null) held.set({ state: "held" }, situation.originsOnHold);
  const processes = gauge("processes", "Live processes", "role");
  for (const [role, count] of Object.entries(situation.processes)) processes.set({ role }, count);
  return registers[0].metrics();
}
