import type { Event } from "../model/event.js";
import { messageText } from "../model/messages.js";
import { describe } from "../model/option-checks.js";
import {
  captured,
  checkExpected,
  type Difference,
  differences,
  type ExpectedEvent,
  isPart,
} from "./expected-event.js";

/** What Vitest and Jest hand to a matcher, as far as it is used. */
export interface MatcherContext {
  /** Whether two values are the same in the eyes of the test runner. */
  readonly equals: (one: unknown, other: unknown) => boolean;
}

/** Whether a matcher is satisfied, and what to say when that was not wanted. */
export interface MatcherResult {
  readonly pass: boolean;
  /** What to say; asked only when there is something to say. */
  readonly message: () => string;
}

/** The matchers as `expect()` offers them. */
export interface CorvidMatchers<Result = void> {
  /**
   * Passes when an event like this was captured; with no argument, when any was.
   *
   *     expect(events).toHaveCaptured({ type: "RangeError", message: /limit/, tags: { job: 7 } });
   *
   * Takes what `withCapturedEvents` gives, a list of events, or what records them (`recordingTransport()`, the
   * test server).
   */
  toHaveCaptured(expected?: ExpectedEvent): Result;
}

/** For `expect.extend(corvidMatchers)`, in Vitest and in Jest. */
export const corvidMatchers: {
  /** Whether one of the events that were captured is as expected. */
  toHaveCaptured(this: MatcherContext, received: unknown, expected?: ExpectedEvent): MatcherResult;
} = {
  toHaveCaptured(received, expected = {}) {
    checkExpected(expected);
    const events = eventsOf(received);
    const tries = events.map((event) => differences(event, expected, this.equals));
    const index = tries.findIndex((differing) => differing.length === 0);
    return {
      pass: index !== -1,
      message: () =>
        index === -1
          ? `expected to have captured ${wish(expected)}\n\n${account(events, tries)}`
          : `expected not to have captured ${wish(expected)}\n\nbut captured ${titleOf(events[index]!)}`,
    };
  },
};

/** @throws {TypeError} when that holds no events: with `.not`, anything would pass */
function eventsOf(received: unknown): readonly Event[] {
  const holder = received as { events?: unknown } | null | undefined;
  const events = typeof holder?.events === "function" ? holder.events() : (holder?.events ?? received);
  if (Array.isArray(events) && events.every((entry) => typeof entry === "object" && entry !== null))
    return events.map((entry: Event | { event: Event }) => ("event" in entry ? entry.event : entry));
  const isPromise = typeof (received as { then?: unknown } | null | undefined)?.then === "function";
  const form = "a list of events, or what records them";
  const came = isPromise ? "a promise: await it" : describe(received);
  throw new TypeError(messageText("bad-expectation", "expect(events).toHaveCaptured()", form, came));
}

const MOST_SHOWN = 10;

function wish(expected: ExpectedEvent): string {
  return Object.keys(expected).length === 0 ? "any event" : show(expected);
}

/** What was captured instead, and of each in which way it differs. */
function account(events: readonly Event[], tries: readonly (readonly Difference[])[]): string {
  if (events.length === 0) return "nothing was captured";
  const shown = events.slice(0, MOST_SHOWN).map((event, index) => {
    const lines = tries[index]!.map(
      ({ path, expected, received }) =>
        `     ${path}: expected ${show(expected)}, received ${show(received)}`,
    );
    return [`  ${index + 1}. ${titleOf(event)}`, ...lines].join("\n");
  });
  const rest = events.length > MOST_SHOWN ? `\n  and ${events.length - MOST_SHOWN} more` : "";
  return `captured ${events.length}:\n${shown.join("\n")}${rest}`;
}

function titleOf(event: Event): string {
  const error = captured(event);
  const text = error === undefined ? event.message : error.value;
  return [`[${event.level ?? "error"}]`, error?.type, text?.slice(0, 200)]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** A value on one line. */
function show(value: unknown): string {
  const text = textOf(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

const LONGEST_VALUE = 500;

function textOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (isPart(value))
    return `{ ${Object.entries(value)
      .map(([key, entry]) => `${key}: ${textOf(entry)}`)
      .join(", ")} }`;
  const matcher = value as { toAsymmetricMatcher?(): string; sample?: unknown } | null | undefined;
  if (matcher?.toAsymmetricMatcher !== undefined) return matcher.toAsymmetricMatcher();
  return matcher?.sample === undefined ? String(value) : `${String(value)} ${textOf(matcher.sample)}`;
}
