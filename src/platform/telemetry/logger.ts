import winston from "winston";

/** Values a log line may carry: ids, counts and short codes. Never message text, a phone number or a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

type LogLine = (message: string, fields?: LogFields) => void;

export type Logger = {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
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
  // Winston formats a line before its transports drop it for its level; what will not be written is not even begun.
  const from = level === "silent" ? -1 : severities.indexOf(level);
  const at = (severity: Severity): LogLine =>
    severities.indexOf(severity) > from
      ? dropped
      : (message, fields) => void logger[severity](message, fields);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    debugs: level === "debug",
  };
}

/** From the gravest to the least. */
const severities = ["error", "warn", "info", "debug"] as const;
type Severity = (typeof severities)[number];

function dropped(): void {}
