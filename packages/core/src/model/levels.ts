import { LEVELS, type Level } from "./event.js";

/** Severities on pino's scale, by every name that common loggers use: pino's, winston's (npm), syslog's. */
const SEVERITIES: ReadonlyMap<string, number> = new Map([
  ...["silly", "trace", "finest"].map((name) => [name, 10] as const),
  ...["debug", "verbose", "fine"].map((name) => [name, 20] as const),
  ...["info", "http", "log", "notice", "informational"].map((name) => [name, 30] as const),
  ...["warn", "warning"].map((name) => [name, 40] as const),
  ...["error", "err", "severe"].map((name) => [name, 50] as const),
  ...["fatal", "crit", "critical", "alert", "emerg", "emergency", "panic"].map((name) => [name, 60] as const),
]);

/** Syslog's numbers, 0 to 7. */
const SYSLOG = [60, 60, 60, 50, 40, 30, 30, 20];

const INFO = 30;

/**
 * How bad a level is, as a number on pino's scale: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
 *
 * @param level - a name in any case, a number of pino's (10 and up) or of syslog's (0 to 7), also as text
 * @returns `undefined` for what is no level
 */
export function severityFrom(level: unknown): number | undefined {
  if (typeof level === "string") {
    const name = level.trim().toLowerCase();
    return SEVERITIES.get(name) ?? (/^\d{1,3}$/.test(name) ? severityFrom(Number(name)) : undefined);
  }
  if (typeof level !== "number" || Number.isNaN(level) || level < 0) return undefined;
  return SYSLOG[level] ?? (level >= 10 ? level : undefined);
}

/**
 * How bad a level is, as a number on pino's scale: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
 *
 * @param name - a level's name; known ones count by their name, whatever their number
 * @param number - the level's number, for names of the application's own
 */
export function severityOf(name: string | undefined, number: number = INFO): number {
  return severityFrom(name) ?? number;
}

/** The protocol's level for a severity on pino's scale. */
export function levelOf(severity: number): Level {
  if (severity >= 60) return "fatal";
  if (severity >= 50) return "error";
  if (severity >= 40) return "warning";
  return severity >= INFO ? "info" : "debug";
}

/** The protocol's level for whatever a logger or another client calls it, as {@link severityFrom} reads it. */
export function levelFrom(level: unknown): Level | undefined {
  if (LEVELS.includes(level as Level)) return level as Level;
  const severity = severityFrom(level);
  return severity === undefined ? undefined : levelOf(severity);
}
