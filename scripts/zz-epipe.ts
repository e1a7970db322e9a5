import winston from "winston";
import { writeFileSync } from "node:fs";
if (process.argv[2] === "guard") process.stdout.on("error", () => undefined);
const l = winston.createLogger({ format: winston.format.json(), transports: [new winston.transports.Console()] });
let n = 0;
const t = setInterval(() => { l.info("x".repeat(500)); n++; writeFileSync("/tmp/h/epipe.out", String(n)); if (n > 50) { clearInterval(t); process.exit(0); } }, 10);
