import { createHash } from "node:crypto";
import type { EventPayload, FramePayload } from "./payload.js";
import type { ReceivedEvent } from "./store.js";

/** Events that are one issue. */
export interface Group {
  /** 16 hex digits; equal for equal issues, also after a restart. */
  readonly id: string;
  readonly project: string;
  /** Type of the last exception, or `Message`. */
  readonly type: string;
  /** Text of the newest event. */
  readonly value: string;
  /** Where it was thrown: `orders.ts in pay`; empty when there is no stack. */
  readonly culprit: string;
  readonly level: string;
  /** Failures: an event with `contexts.repeats` stands for `count` of them. */
  readonly count: number;
  /** Events received. */
  readonly events: number;
  /** Milliseconds since the Unix epoch, by the time of arrival. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly releases: readonly string[];
  readonly environments: readonly string[];
}

/** How many failures an event stands for: `contexts.repeats.count`, itself included, else 1. */
export function weightOf(event: EventPayload): number {
  const count = event.contexts?.["repeats"]?.["count"];
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 1;
}

/**
 * Sorts events into groups, the most recently seen first.
 *
 * Within a project, events belong together when they have the same fingerprint; without one, when the last
 * exception has the same type, the same text (numbers and ids apart) and the same crash site: file and function of
 * the last frame that is the application's own, else of the last frame. Messages go by their template.
 */
export function groupsOf(events: readonly ReceivedEvent[]): readonly Group[] {
  const groups = new Map<string, ReceivedEvent[]>();
  for (const event of events) {
    const id = groupIdOf(event);
    const members = groups.get(id);
    if (members === undefined) groups.set(id, [event]);
    else members.push(event);
  }
  return [...groups].map(([id, members]) => summary(id, members)).sort((a, b) => b.lastSeen - a.lastSeen);
}

// Events never change, so each is looked at once.
const known = new WeakMap<ReceivedEvent, string>();

/** The group an event belongs to. */
export function groupIdOf(received: ReceivedEvent): string {
  const before = known.get(received);
  if (before !== undefined) return before;
  const key = JSON.stringify([received.project, ...keyOf(received.event)]);
  const id = createHash("sha256").update(key).digest("hex").slice(0, 16);
  known.set(received, id);
  return id;
}

function keyOf(event: EventPayload): string[] {
  const own = [headlineOf(event).type, normalise(templateOf(event)), culpritOf(event)];
  const { fingerprint } = event;
  if (!Array.isArray(fingerprint) || fingerprint.length === 0) return own;
  return [
    "fingerprint",
    ...fingerprint.flatMap((part) => (DEFAULT.test(String(part)) ? own : [String(part)])),
  ];
}

const DEFAULT = /^\{\{\s*default\s*\}\}$/;

function summary(id: string, members: readonly ReceivedEvent[]): Group {
  const newest = members.at(-1)!;
  return {
    id,
    project: newest.project,
    ...headlineOf(newest.event),
    culprit: culpritOf(newest.event),
    level: textOr(newest.event.level, "error"),
    count: members.reduce((sum, { event }) => sum + weightOf(event), 0),
    events: members.length,
    firstSeen: members[0]!.receivedAt,
    lastSeen: newest.receivedAt,
    releases: distinct(members.map(({ event }) => event.release)),
    environments: distinct(members.map(({ event }) => event.environment)),
  };
}

/** Type and text of an event, for people. Payloads may be of any shape, also of a wrong one. */
export function headlineOf(event: EventPayload): { readonly type: string; readonly value: string } {
  const exception = lastException(event);
  if (exception !== undefined) {
    return { type: textOr(exception["type"], "Error"), value: textOr(exception["value"], "") };
  }
  const { formatted, message } = event.logentry ?? {};
  return { type: "Message", value: textOr(formatted, textOr(message, textOr(event["message"], ""))) };
}

function templateOf(event: EventPayload): string {
  if (lastException(event) !== undefined) return headlineOf(event).value;
  return textOr(event.logentry?.message, headlineOf(event).value);
}

function culpritOf(event: EventPayload): string {
  const stacktrace = lastException(event)?.["stacktrace"] as { frames?: unknown } | null | undefined;
  const frames = (
    Array.isArray(stacktrace?.frames) ? stacktrace.frames : []
  ) as readonly (FramePayload | null)[];
  const frame = frames.findLast((candidate) => candidate?.in_app === true) ?? frames.at(-1);
  if (frame === undefined || frame === null) return "";
  const file = textOr(frame.filename, textOr(frame.abs_path, textOr(frame.module, "?")));
  return frame.function === undefined ? file : `${file} in ${textOr(frame.function, "?")}`;
}

function lastException(event: EventPayload): Readonly<Record<string, unknown>> | undefined {
  const exception = event.exception as unknown;
  // The flat list is an older form that servers still take.
  const values = Array.isArray(exception)
    ? exception
    : (exception as { values?: unknown } | undefined)?.values;
  const last = Array.isArray(values) ? values.at(-1) : undefined;
  return typeof last === "object" && last !== null ? last : undefined;
}

/** Takes out what differs from one failure to the next: numbers, UUIDs and other long hex. */
function normalise(text: string): string {
  return text
    .slice(0, 1000)
    .replace(/\b(?=[a-z-]*\d)[0-9a-f][0-9a-f-]{7,}\b|0x[0-9a-f]+|\d+(?:\.\d+)*/gi, "#");
}

function distinct(values: readonly unknown[]): string[] {
  return [...new Set(values.filter((value) => typeof value === "string"))].slice(-20);
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}
