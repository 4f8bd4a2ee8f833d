import type { ExceptionNode } from "../capture/cause-tree.js";
import type { Exception, Json } from "../model/event.js";
import { normaliseMessage } from "./normalise-message.js";

/** How many causes count, nearest first. */
const CAUSES = 4;

/**
 * The part of a group key that separates failures of one message and place: the causes (`fetch failed` has many), what the system or a
 * library calls the failure (`code`), the HTTP status, and which host did not answer.
 *
 * @param nodes - the caught error first, then its causes
 * @returns `""` for an error that says nothing of it, as most
 */
export function groupDetails(nodes: readonly ExceptionNode[]): string {
  if (nodes.length === 1 && nodes[0]!.own === undefined) return "";
  let details = "";
  for (let index = 0; index < nodes.length && index <= CAUSES; index++) {
    const { type, value, own } = nodes[index]!;
    if (index > 0) details += causeText({ type, value });
    if (own !== undefined) details += detailsOf(own);
  }
  return details;
}

/** The same of an event that was made elsewhere, of which only the causes are known. */
export function eventDetails(causes: readonly Exception[]): string {
  return causes.slice(0, CAUSES).map(causeText).join("");
}

function causeText({ type = "", value = "" }: Exception): string {
  return `\n${type}: ${normaliseMessage(value)}`;
}

function detailsOf(own: Readonly<Record<string, Json>>): string {
  const { code, status = own["statusCode"], syscall } = own;
  let details = typeof code === "string" ? `\ncode ${plainCode(code)}` : "";
  if (isHttpStatus(status)) details += `\nstatus ${status}`;
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

/** Where a system call was to lead. */
const PEER = ["hostname", "address", "port"];

function isHttpStatus(value: Json | undefined): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 100 && value < 600;
}
