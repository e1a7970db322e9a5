import type { Script } from "../platform/redis/redis.ts";
import announceLua from "./announce.lua" with { type: "text" };
import dispatchLua from "./dispatch.lua" with { type: "text" };
import holdLua from "./hold.lua" with { type: "text" };
import limitsLua from "./limits.lua" with { type: "text" };
import outboxLua from "./outbox.lua" with { type: "text" };
import recoverLua from "./recover.lua" with { type: "text" };
import refillLua from "./refill.lua" with { type: "text" };
import releaseLua from "./release.lua" with { type: "text" };
import renewLua from "./renew.lua" with { type: "text" };
import warmLua from "./warm.lua" with { type: "text" };

const script = (name: string, body: string): Script => ({
  name: `outbox_${name}`,
  source: `${outboxLua}\n${body}`,
});

/** The outbox's scripts by name; each begins with `outbox.lua`, which names the keys. */
export const outboxScripts = {
  announce: script("announce", announceLua),
  recover: script("recover", recoverLua),
  dispatch: script("dispatch", dispatchLua),
  renew: script("renew", renewLua),
  release: script("release", releaseLua),
  hold: script("hold", holdLua),
  limits: script("limits", limitsLua),
  refill: script("refill", refillLua),
  warm: script("warm", warmLua),
} satisfies Record<string, Script>;

export type OutboxScript = keyof typeof outboxScripts;

/** Runs a script of the outbox on its shard; rejects while Redis is away. */
export type RunOutboxScript = (
  script: OutboxScript,
  args: readonly (string | number)[],
) => Promise<unknown>;
