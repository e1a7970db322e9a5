/**
 * The least that a webhook can cost: `bun bare-server.ts`, with PORT; with REDIS_PORT it also writes the body to a list of Redis
 * before it answers.
 */
import { Redis } from "ioredis";

const redisPort = process.env["REDIS_PORT"];
const redis = redisPort === undefined ? null : new Redis(Number(redisPort), "127.0.0.1");

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env["PORT"]),
  fetch: async (request) => {
    if (request.method !== "POST") return new Response("ok");
    const body = await request.text();
    JSON.parse(body);
    await redis?.rpush("webhooks", body);
    return Response.json({ ok: true });
  },
});
