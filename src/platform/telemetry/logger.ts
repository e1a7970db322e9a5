import winston from "winston";

/** Values a log line may carry: ids, counts and short codes. Never message text, a phone number or a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export type Logger = {
  readonly debug: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
  /** Whether debug lines are written; asked before building fields on a hot path. */
  readonly debugs: boolean;
};

export type LogLevel = "error" | "warn" | "info" | "debug" | "silent";

/** One JSON line per call on stdout, with time, level, role and process id. */
export function createLogger(level: LogLevel, role: string): Logger {
  const logger = winston.createLogger({
    level: level === "silent" ? "error" : level,
    silent: level === "silent",
    defaultMeta: { role, pid: process.pid },
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Console()],
  });
  return {
    debug: (message, fields) => void logger.debug(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    error: (message, fields) => void logger.error(message, fields),
    debugs: level === "debug",
  };
}
