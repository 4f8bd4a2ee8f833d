import type { CaptureHint, TagValue, UserInput } from "../capture/hint.js";
import type { Breadcrumb, EventInput, Level } from "../model/event.js";
import { currentClient, requestScope } from "./current.js";

/**
 * The functions an application calls. None of them throws, whatever it is given, and all are no-ops while there is
 * no client. Setters write the scope of the request; outside of one, that of the process.
 */

const NO_EVENT = "00000000000000000000000000000000";

function remember(id: string | undefined): string {
  if (id !== undefined) requestScope().lastEventId = id;
  return id ?? NO_EVENT;
}

/**
 * Reports a failure.
 *
 * @param error - anything that was thrown
 * @returns the id of the event that tells of it, 32 hex digits; zeros without a client
 */
export function captureException(error: unknown, hint?: CaptureHint): string {
  return remember(currentClient()?.captureException(error, hint));
}

/**
 * Reports a message.
 *
 * @param hint - its level (default `info`), or a hint; with `params`, the message is a template with `%s`
 * @returns the id of the event
 */
export function captureMessage(message: string, hint?: Level | CaptureHint): string {
  return remember(currentClient()?.captureMessage(message, hint));
}

/** Reports an event that was made elsewhere. @returns the id of the event */
export function captureEvent(event: EventInput, hint?: CaptureHint): string {
  return remember(currentClient()?.captureEvent(event, hint));
}

/** The id of the last event captured in this request; outside of one, in this process. */
export function lastEventId(): string | undefined {
  return requestScope().lastEventId;
}

/** Adds a step that led here. */
export function addBreadcrumb(crumb: Breadcrumb): void {
  requestScope().addBreadcrumb(crumb);
}

/** Sets one tag: short, searchable. `null` removes it. */
export function setTag(key: string, value: TagValue | null): void {
  requestScope().setTag(key, value);
}

/** Sets tags by key. */
export function setTags(tags: Readonly<Record<string, TagValue | null>>): void {
  requestScope().setTags(tags);
}

/** Sets one extra value: anything worth reading. */
export function setExtra(key: string, value: unknown): void {
  requestScope().setExtra(key, value);
}

/** Sets extra values by key. */
export function setExtras(extra: Readonly<Record<string, unknown>>): void {
  requestScope().setExtras(extra);
}

/** Sets a named block of facts; `null` removes it. */
export function setContext(name: string, context: Readonly<Record<string, unknown>> | null): void {
  requestScope().setContext(name, context);
}

/** Sets for whom the work is done; `null` forgets it. */
export function setUser(user: UserInput | null): void {
  requestScope().setUser(user);
}

/** Sets the grouping; `{{ default }}` stands for the one that would apply without. */
export function setFingerprint(fingerprint: readonly string[] | undefined): void {
  requestScope().setFingerprint(fingerprint);
}

/** Sets the name of the work: a route's pattern, a job's name. */
export function setTransaction(name: string | undefined): void {
  requestScope().setTransaction(name);
}

/** Sets the level of events that do not say theirs. */
export function setLevel(level: Level | undefined): void {
  requestScope().setLevel(level);
}

/**
 * Sends all that waits.
 *
 * @param timeoutMs - the deadline for all of it. Default 2000
 * @returns `true` when nothing is left behind
 */
export async function flush(timeoutMs?: number): Promise<boolean> {
  return (await currentClient()?.flush(timeoutMs)) ?? true;
}

/**
 * Sends all that waits, then ends reporting.
 *
 * @param timeoutMs - the deadline for all of it. Default 2000
 * @returns `true` when nothing is left behind
 */
export async function close(timeoutMs?: number): Promise<boolean> {
  return (await currentClient()?.close(timeoutMs)) ?? true;
}
