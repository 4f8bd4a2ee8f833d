import type { ExceptionNode } from "../capture/cause-tree.js";
import type { Exception, Json } from "../model/event.js";
import type { OwnCode } from "../stacktrace/stack-text.js";
import { topPositionsOf } from "./group-key.js";
import { normaliseMessage } from "./normalise-message.js";

/** How many causes count, nearest first. */
const CAUSES = 4;

/**
 * The part of a group key that separates failures of one message and place: the causes (`fetch failed` has many), the
 * `code` that the system or a library gave, the HTTP status, the constraint, table or column of a database, and the host
 * that did not answer.
 *
 * @param nodes - the caught error first, then its causes
 * @returns `""` for an error without any of these, as most are
 */
export function groupDetails(nodes: readonly ExceptionNode[], isOwn?: OwnCode): string {
  if (nodes.length === 1 && nodes[0]!.own === undefined) return "";
  let details = "";
  for (let index = 0; index < nodes.length && index <= CAUSES; index++) {
    const { type, value, own, stack } = nodes[index]!;
    if (index > 0) details += causeText({ type, value }, !topPositionsOf(stack, isOwn).areOwn);
    if (own !== undefined) details += detailsOf(own);
  }
  return details;
}

/** The same for an event made elsewhere, of which only the causes are known. */
export function eventDetails(causes: readonly Exception[]): string {
  return causes
    .slice(0, CAUSES)
    .map((cause) => causeText(cause, false))
    .join("");
}

function causeText({ type = "", value = "" }: Exception, keepsNames: boolean): string {
  return `\n${type}: ${normaliseMessage(value, keepsNames)}`;
}

function detailsOf(own: Readonly<Record<string, Json>>): string {
  const { code, status = own["statusCode"], syscall } = own;
  let details = typeof code === "string" ? `\ncode ${plainCode(code)}` : "";
  if (isHttpStatus(status)) details += `\nstatus ${status}`;
  for (const name of SCHEMA) {
    const part = own[name];
    if (typeof part === "string") details += `\n${name} ${part.slice(0, LONGEST_CODE)}`;
  }
  if (typeof syscall !== "string") return details;
  for (const name of PEER) {
    const part = own[name];
    if (typeof part === "string" || typeof part === "number") details += `\n${name} ${part}`;
  }
  return details;
}

/** `ECONNREFUSED`, `23505`, `PAY-002`. Longer numbers are ids, and would make a group of each failure. */
function plainCode(code: string): string {
  return /\d{6}/.test(code) ? normaliseMessage(code) : code.slice(0, LONGEST_CODE);
}

const LONGEST_CODE = 64;

/** The part of a database's schema that a driver names. */
const SCHEMA = ["constraint", "table", "column"];

/** Where a system call was to lead. */
const PEER = ["hostname", "address", "port"];

function isHttpStatus(value: Json | undefined): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 100 && value < 600;
}
