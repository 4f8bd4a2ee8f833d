import { isObject, read } from "../model/safe-read.js";
import { isFailedCall } from "./server-failure.js";

/**
 * Whether an error is of a class of the application's or a framework's own, such as a `ValidationError`: answered with a
 * 4xx, it was meant. Not so errors of the language and of Node, of the system, and of drivers and clients of other
 * servers: behind a 400 they are bugs in disguise.
 */
export function isOfOwnClass(error: unknown): boolean {
  try {
    return isObject(error) && hasOwnClass(error) && !isOfSystem(error) && !isOfDriver(error);
  } catch {
    return false;
  }
}

/** A class between the error and the language's: in any realm those are native. */
function hasOwnClass(error: object): boolean {
  const made = read(Object.getPrototypeOf(error), "constructor");
  if (typeof made !== "function" || /\[native code\]\s*\}$/.test(Function.prototype.toString.call(made)))
    return false;
  const { name } = made;
  return !INTERNAL.has(name) && made !== Object && !/^ERR_/.test(String(read(error, "code") ?? ""));
}

/** Classes of Node that are written in JavaScript. */
const INTERNAL: ReadonlySet<string> = new Set([
  "NodeError",
  "SystemError",
  "AssertionError",
  "AbortError",
  "DOMException",
  "ConnResetException",
  "NodeAggregateError",
]);

function isOfSystem(error: object): boolean {
  const code = String(read(error, "code") ?? "");
  return (
    read(error, "syscall") !== undefined || typeof read(error, "errno") === "number" || SYSTEM_CODE.test(code)
  );
}

/** Codes that errors of sockets, files, drivers and undici keep when a library has made them anew. */
const SYSTEM_CODE: RegExp =
  /^(?:E(?:CONN(?:RESET|REFUSED|ABORTED|CLOSED)|TIMEDOUT|TIMEOUT|NOTFOUND|PIPE|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOENT|ACCES|PERM|MFILE|NOSPC|EXIST|ISDIR|NOTDIR|SOCKET|REQUEST)|ER_\w+|SQLITE_\w+|PROTOCOL_\w+|UND_ERR_\w+|P\d{4})$/;

/** Fields that drivers and clients of other servers leave on their errors. */
const DRIVER_FIELDS: readonly string[] = [
  ...["severity", "routine", "sqlState", "sqlMessage", "sqlstate", "sql", "procName", "driverError"],
  ...["clientVersion", "codeName", "errorLabels", "errorResponse", "keyPattern", "command"],
  ...["$metadata", "$fault"],
];

function isOfDriver(error: object): boolean {
  if (isFailedCall(error)) return true;
  // Elasticsearch keeps the answer there.
  if (read(read(error, "meta"), "statusCode") !== undefined) return true;
  return DRIVER_FIELDS.some((field) => isFilled(read(error, field)));
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}
