import type { Event, Level } from "../model/event.js";
import { messageText } from "../model/messages.js";
import { describe, shortened, unknownName } from "../model/option-checks.js";

/** What `expect.stringContaining()`, `expect.any()` and the like make. */
export interface AsymmetricMatcher {
  /** Whether a value is one of those it stands for. */
  asymmetricMatch(other: unknown): boolean;
}

/** A text: the whole of it, an expression that finds something in it, or `expect.stringContaining()` and the like. */
export type ExpectedText = string | RegExp | AsymmetricMatcher;

/** Some of the keys and values of an object. */
export type ExpectedFacts = Readonly<Record<string, unknown>> | AsymmetricMatcher;

/**
 * What must be true of an event; what is not named may be anything. Objects are compared in part, key by key, also
 * inside of each other; lists as a whole. Wherever a text stands, an {@link ExpectedText} may.
 */
export interface ExpectedEvent {
  /** Class of the error that was captured; that of its causes does not count. */
  readonly type?: ExpectedText;
  /** Message of the error that was captured, or the text of a captured message. */
  readonly message?: ExpectedText;
  /** Whether the application caught it. */
  readonly handled?: boolean;
  readonly level?: Level | AsymmetricMatcher;
  /** Numbers and booleans stand for their texts, as tags are sent as texts. */
  readonly tags?: ExpectedFacts;
  readonly extra?: ExpectedFacts;
  readonly contexts?: ExpectedFacts;
  /** Numbers stand for their texts. */
  readonly user?: ExpectedFacts;
  readonly request?: ExpectedFacts;
  readonly transaction?: ExpectedText;
  readonly fingerprint?: readonly ExpectedText[] | AsymmetricMatcher;
  readonly logger?: ExpectedText;
  readonly release?: ExpectedText;
  readonly environment?: ExpectedText;
}

/** What of an event is not as expected. */
export interface Difference {
  /** `tags.job`. */
  readonly path: string;
  readonly expected: unknown;
  readonly received: unknown;
}

/** The test runner's own comparison, which knows its asymmetric matchers. */
export type Equals = (one: unknown, other: unknown) => boolean;

type Reader = (event: Event) => unknown;

const READERS: { readonly [Field in keyof Required<ExpectedEvent>]: Reader } = {
  type: (event) => captured(event)?.type,
  message: (event) => captured(event)?.value ?? event.message,
  handled: (event) => captured(event)?.mechanism?.handled,
  level: ({ level }) => level,
  tags: ({ tags }) => tags,
  extra: ({ extra }) => extra,
  contexts: ({ contexts }) => contexts,
  user: ({ user }) => user,
  request: ({ request }) => request,
  transaction: ({ transaction }) => transaction,
  fingerprint: ({ fingerprint }) => fingerprint,
  logger: ({ logger }) => logger,
  release: ({ release }) => release,
  environment: ({ environment }) => environment,
};

/**
 * Refuses what no event could ever be compared with: with `.not`, a mistyped name would pass for ever.
 *
 * @throws {TypeError} naming it
 */
export function checkExpected(expected: unknown): asserts expected is ExpectedEvent {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    const form = "an object such as { type, message, tags }";
    throw new TypeError(messageText("bad-expectation", "toHaveCaptured()", form, describe(expected)));
  }
  for (const name of Object.keys(expected)) {
    if (Object.hasOwn(READERS, name)) continue;
    const trouble = unknownName(name, Object.keys(READERS), "key");
    const what = `toHaveCaptured(): ${shortened(name)}`;
    throw new TypeError(messageText("bad-expectation", what, trouble.expected, trouble.received));
  }
}

/** What of an event is not as expected; empty when it is the one. */
export function differences(event: Event, expected: ExpectedEvent, equals: Equals): Difference[] {
  const found: Difference[] = [];
  for (const [name, wanted] of Object.entries(expected) as [keyof ExpectedEvent, unknown][]) {
    const areTexts = name === "tags" || name === "user";
    compare(READERS[name](event), wanted, name, { equals, areTexts, found });
  }
  return found;
}

/** The error itself is the last one, behind its causes. */
export function captured({
  exception,
}: Event): NonNullable<Event["exception"]>["values"][number] | undefined {
  return exception?.values.at(-1);
}

interface Comparison {
  readonly equals: Equals;
  readonly areTexts: boolean;
  readonly found: Difference[];
}

function compare(received: unknown, expected: unknown, path: string, comparison: Comparison): void {
  if (isPart(expected) && isPart(received)) {
    for (const [key, wanted] of Object.entries(expected))
      compare(Object.hasOwn(received, key) ? received[key] : undefined, wanted, `${path}.${key}`, comparison);
    return;
  }
  if (Array.isArray(expected) && Array.isArray(received) && expected.length === received.length) {
    expected.forEach((wanted, index) => {
      compare(received[index], wanted, `${path}[${index}]`, comparison);
    });
    return;
  }
  if (!isEqual(received, expected, comparison)) comparison.found.push({ path, expected, received });
}

function isEqual(received: unknown, expected: unknown, { equals, areTexts }: Comparison): boolean {
  if (expected instanceof RegExp) return typeof received === "string" && received.search(expected) !== -1;
  const isPlain =
    typeof expected === "number" || typeof expected === "boolean" || typeof expected === "bigint";
  return equals(received, areTexts && isPlain ? String(expected) : expected);
}

/** A plain object, whose keys are compared one by one; of another realm too, as Jest has one for each file. */
export function isPart(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || "asymmetricMatch" in value) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
