import {
  type Capabilities,
  incomingKinds,
  outgoingKinds,
  outgoingManners,
  type Support,
} from "../../src/channels/capability.ts";
import type { Channel } from "../../src/channels/channel.ts";

/** What the suite has found out: per channel and capability that it was tested, or why there is nothing to test. */
const cells = new Map<string, Map<string, string>>();

const parts = ["handshake", "media", "registration", "backfill", "renewal", "idempotency"] as const;

export const capabilityNames: readonly string[] = [
  ...incomingKinds.map((kind) => `in: ${kind}`),
  ...outgoingKinds.map((kind) => `out: ${kind}`),
  ...outgoingManners.map((manner) => `out: ${manner}`),
  ...parts,
];

/** Notes that a capability was tested, once its test has passed. */
export function tested(channel: string, capability: string): void {
  note(channel, capability, "tested");
}

function note(channel: string, capability: string, cell: string): void {
  const row = cells.get(channel) ?? new Map<string, string>();
  cells.set(channel, row.set(capability, cell));
}

/** Writes down every reason that a channel gives for what it does not have. */
export function noteReasons(channel: Channel): void {
  for (const [capability, support] of supportsOf(channel))
    if (support !== "supported") note(channel.name, capability, support.unsupported);
}

/** Every capability of a channel as it declares it. */
export function supportsOf(channel: Channel): readonly (readonly [string, Support])[] {
  const { incoming, outgoing }: Capabilities = channel.capabilities;
  const optional = parts.map((part) => {
    const given = channel[part];
    const support: Support = "unsupported" in given ? given : "supported";
    return [part, support] as const;
  });
  return [
    ...incomingKinds.map((kind) => [`in: ${kind}`, incoming[kind]] as const),
    ...outgoingKinds.map((kind) => [`out: ${kind}`, outgoing[kind]] as const),
    ...outgoingManners.map((manner) => [`out: ${manner}`, outgoing[manner]] as const),
    ...optional,
  ];
}

/** The cell of a capability; null when nobody has said anything about it. */
export function cellOf(channel: string, capability: string): string | null {
  return cells.get(channel)?.get(capability) ?? null;
}

/** The table channel × capability, and below it the reasons. */
export function writeTable(): string {
  const channels = [...cells.keys()];
  const width = Math.max(...capabilityNames.map((name) => name.length)) + 2;
  const head = ["".padEnd(width), ...channels.map((name) => name.padEnd(14))].join("");
  const reasons: string[] = [];
  const lines = capabilityNames.map((capability) => {
    const row = channels.map((channel) => {
      const cell = cellOf(channel, capability);
      if (cell === "tested") return cell.padEnd(14);
      reasons.push(`${channel}, ${capability}: ${cell ?? "NOT TESTED"}`);
      return (cell === null ? "NOT TESTED" : `no (${reasons.length})`).padEnd(14);
    });
    return [capability.padEnd(width), ...row].join("");
  });
  const notes = reasons.map((reason, index) => `(${index + 1}) ${reason}`);
  return [head, ...lines, "", ...notes].join("\n");
}
