import type { CaptureHint, TagValue, UserInput } from "../capture/hint.js";
import type { BreadcrumbInput, EventInput, Level } from "../model/event.js";
import { capturingClient, currentClient, requestScope } from "./current.js";

/**
 * The functions an application calls. None of them throws, whatever it is given and however little of the stack is
 * left, and all are no-ops while there is no client. Setters write the scope of the request; outside of one, that of the process.
 */

const NO_EVENT = "00000000000000000000000000000000";

/** Captures for which the stack had no room left, since a client last asked. */
let unread = 0;

/**
 * How many captures could not reach their client since the last call, because the stack was used up.
 *
 * @internal
 */
export function takeUnread(): number {
  const count = unread;
  unread = 0;
  return count;
}

function remember(id: string | undefined): string {
  if (id === undefined) return NO_EVENT;
  try {
    requestScope().lastEventId = id;
  } catch {
    // The stack is used up.
  }
  return id;
}

/**
 * Reports a failure.
 *
 * @param error - anything that was thrown
 * @returns the id of its event, 32 hex digits; zeros without a client
 */
export function captureException(error: unknown, hint?: CaptureHint): string {
  let id: string | undefined;
  try {
    id = capturingClient("captureException")?.captureException(error, hint);
  } catch {
    unread++;
    return NO_EVENT;
  }
  return remember(id);
}

/**
 * Reports a message.
 *
 * @param hint - its level (default `info`), or a hint; with `params`, the message is a template with `%s`
 * @returns the id of the event
 */
export function captureMessage(message: string, hint?: Level | CaptureHint): string {
  let id: string | undefined;
  try {
    id = capturingClient("captureMessage")?.captureMessage(message, hint);
  } catch {
    unread++;
    return NO_EVENT;
  }
  return remember(id);
}

/** Reports an event that was made elsewhere. @returns the id of the event */
export function captureEvent(event: EventInput, hint?: CaptureHint): string {
  let id: string | undefined;
  try {
    id = capturingClient("captureEvent")?.captureEvent(event, hint);
  } catch {
    unread++;
    return NO_EVENT;
  }
  return remember(id);
}

/** The id of the last event captured in this request; outside of one, in this process. */
export function lastEventId(): string | undefined {
  try {
    return requestScope().lastEventId;
  } catch {
    return undefined;
  }
}

/** Adds a step that led here. */
export function addBreadcrumb(crumb: BreadcrumbInput): void {
  try {
    requestScope().addBreadcrumb(crumb);
  } catch {
    // The stack is used up.
  }
}

/** Sets one tag: short, searchable. `null` removes it. */
export function setTag(key: string, value: TagValue | null): void {
  try {
    requestScope().setTag(key, value);
  } catch {
    // The stack is used up.
  }
}

/** Sets tags by key. */
export function setTags(tags: Readonly<Record<string, TagValue | null>>): void {
  try {
    requestScope().setTags(tags);
  } catch {
    // The stack is used up.
  }
}

/** Sets one extra value: anything worth reading. */
export function setExtra(key: string, value: unknown): void {
  try {
    requestScope().setExtra(key, value);
  } catch {
    // The stack is used up.
  }
}

/** Sets extra values by key. */
export function setExtras(extra: Readonly<Record<string, unknown>>): void {
  try {
    requestScope().setExtras(extra);
  } catch {
    // The stack is used up.
  }
}

/** Sets a named block of facts; `null` removes it. */
export function setContext(name: string, context: Readonly<Record<string, unknown>> | null): void {
  try {
    requestScope().setContext(name, context);
  } catch {
    // The stack is used up.
  }
}

/** Sets for whom the work is done; `null` forgets it. */
export function setUser(user: UserInput | null): void {
  try {
    requestScope().setUser(user);
  } catch {
    // The stack is used up.
  }
}

/** Sets the grouping; `{{ default }}` stands for the one that would apply without. */
export function setFingerprint(fingerprint: readonly string[] | undefined): void {
  try {
    requestScope().setFingerprint(fingerprint);
  } catch {
    // The stack is used up.
  }
}

/** Sets the name of the work: a route's pattern, a job's name. */
export function setTransaction(name: string | undefined): void {
  try {
    requestScope().setTransaction(name);
  } catch {
    // The stack is used up.
  }
}

/** Sets the level of events that do not say theirs. */
export function setLevel(level: Level | undefined): void {
  try {
    requestScope().setLevel(level);
  } catch {
    // The stack is used up.
  }
}

/**
 * Sends all that waits.
 *
 * @param timeoutMs - the deadline for all of it. Default 2000
 * @returns `true` when nothing is left behind
 */
export async function flush(timeoutMs?: number): Promise<boolean> {
  try {
    return (await currentClient()?.flush(timeoutMs)) ?? true;
  } catch {
    return false;
  }
}

/**
 * Sends all that waits, then ends reporting.
 *
 * @param timeoutMs - the deadline for all of it. Default 2000
 * @returns `true` when nothing is left behind: every event was delivered, or dropped for a reason that `client.stats()`
 * counts, as after a 403. Whether all arrived is what `stats()` says
 */
export async function close(timeoutMs?: number): Promise<boolean> {
  try {
    return (await currentClient()?.close(timeoutMs)) ?? true;
  } catch {
    return false;
  }
}
