/**
 * pm2's view of Hookdesk: `pm2 start ecosystem.config.js` runs every role on this clone's own Bun.
 *
 * Fork mode with `interpreter: "none"` is the way that works: in cluster mode pm2 runs Bun's programs on Node, and as an
 * interpreter it loads them by `require`, which knows no top-level await. Web processes share their port (`reusePort`).
 *
 * pm2 writes what a role prints (JSON lines) to `$PM2_HOME/logs/<name>-out.log`; set HOOKDESK_LOG_FILE to another path, or to
 * /dev/null.
 */
const { join } = require("node:path");

/** Our settings are written down here, because `pm2 reload ecosystem.config.js` takes over only what this file says. */
const ours =
  /^(PORT|HOST|DATABASE_URL|REDIS_URL|REDIS_PREFIX|LOG_LEVEL|WORKER_CONCURRENCY|SESSION_SILENCE|DIALOG_SILENCE|DELIVERY_DEADLINE|JOURNAL_DAYS|(?:CHAT2DESK|HOOKDESK|MEDIA)_\w+)$/;
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => ours.test(name)));

const logFile = process.env.HOOKDESK_LOG_FILE;
const logs = logFile === undefined ? {} : { out_file: logFile, error_file: logFile };

/** A process is stopped by SIGINT and drains for up to 12 s. */
const drainMs = 15_000;
/** A web process says that it is ready when it listens. */
const readyMs = 10_000;
/** Settings that cannot work: starting again does not mend them. */
const misconfigured = 2;

function role(name, instances) {
  return {
    name: `hookdesk-${name}`,
    script: join(__dirname, "node_modules", ".bin", "bun"),
    args: ["src/main.ts", `--role=${name}`],
    interpreter: "none",
    exec_mode: "fork",
    instances,
    cwd: __dirname,
    env,
    wait_ready: true,
    listen_timeout: readyMs,
    kill_timeout: drainMs,
    stop_exit_codes: [misconfigured],
    exp_backoff_restart_delay: 100,
    max_memory_restart: "1G",
    merge_logs: true,
    ...logs,
  };
}

module.exports = {
  apps: [role("web", 2), role("worker", 3), role("outbox", 1), role("cron", 1)],
};
