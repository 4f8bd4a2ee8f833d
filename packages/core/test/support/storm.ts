import { AsyncLocalStorage } from "node:async_hooks";
import fc from "fast-check";
import { expect } from "vitest";
import type { CaptureHint } from "../../src/capture/hint.js";
import type { CorvidClient } from "../../src/client.js";
import { withRequestScope, withScope } from "../../src/context/current.js";
import type { Scope } from "../../src/context/scope.js";
import type { Level } from "../../src/model/event.js";
import type { TestClock } from "./clock.js";

/** What a capture makes an error of, and where. */
export type Make = (typeof MAKES)[number];
const MAKES = [
  "thrown here",
  "thrown there",
  "written",
  "written below",
  "renamed",
  "subclass",
  "other class",
  "reworded",
  "frozen",
  "with code",
  "with cause",
  "with another cause",
  "text",
] as const;

/** Messages; those of one letter in front are one kind of message. */
const TEXTS = ["a: boom", "b: order 17 is late", "b: order 18 is late"] as const;

/** Where a capture is made: in the process, in one of two requests that live on, or in one of its own. */
const PLACES = ["process", "first request", "second request", "own request"] as const;
type Place = (typeof PLACES)[number];

/** What the application does between two captures. */
export type Change =
  | { readonly set: "tag"; readonly value: string }
  | { readonly set: "extra"; readonly value: number }
  | { readonly set: "user"; readonly value: string | undefined }
  | { readonly set: "transaction"; readonly value: string | undefined }
  | { readonly set: "level"; readonly value: Level | undefined }
  | { readonly set: "crumb"; readonly value: string }
  | { readonly set: "url"; readonly value: string };

export type Step = Act | { readonly do: "flush" } | { readonly do: "turn" };

type Act =
  | {
      readonly do: "capture";
      readonly make: Make;
      readonly text: (typeof TEXTS)[number];
      readonly place: Place;
      readonly times: number;
      readonly hint: CaptureHint | undefined;
      /** What a `withScope` around it sets. */
      readonly inner: Change | undefined;
      /** Milliseconds between one and the next. */
      readonly every: number;
    }
  | { readonly do: "again"; readonly back: number; readonly place: Place; readonly code: number | undefined }
  | { readonly do: "change"; readonly place: Place; readonly change: Change }
  | { readonly do: "sample"; readonly rate: 0 | 1 }
  | { readonly do: "unheard" }
  | { readonly do: "advance" | "sleep"; readonly ms: number };

// Ids as people choose them, more than are told one by one.
const user = fc.constantFrom(
  ...Array.from({ length: 13 }, (_, n) => `user ${n}`),
  "__proto__",
  "constructor",
);
const transaction = fc.constantFrom("GET /a", "GET /b", "__proto__");

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ set: fc.constant("tag" as const), value: fc.constantFrom("x", "y") }),
  fc.record({ set: fc.constant("extra" as const), value: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ set: fc.constant("user" as const), value: fc.option(user, { nil: undefined }) }),
  fc.record({ set: fc.constant("transaction" as const), value: fc.option(transaction, { nil: undefined }) }),
  fc.record({
    set: fc.constant("level" as const),
    value: fc.constantFrom<Level | undefined>("warning", undefined),
  }),
  fc.record({ set: fc.constant("crumb" as const), value: fc.constantFrom("step 1", "step 2") }),
  fc.record({ set: fc.constant("url" as const), value: fc.constantFrom("/1", "/2") }),
);

const hint: fc.Arbitrary<CaptureHint | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: user.map((id) => ({ user: { id } })) },
  { weight: 1, arbitrary: fc.constantFrom("x", "z").map((called) => ({ tags: { called } })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((called) => ({ extra: { called } })) },
  { weight: 1, arbitrary: transaction.map((name) => ({ transaction: name })) },
  { weight: 1, arbitrary: fc.constant({ level: "fatal" as const }) },
  { weight: 1, arbitrary: fc.constant({ fingerprint: ["mine"] }) },
  { weight: 1, arbitrary: fc.constant({ fingerprint: ["mine", "{{ default }}"] }) },
  { weight: 1, arbitrary: fc.constant({ attachments: [{ filename: "log.txt", data: "x" }] }) },
);

const place = fc.oneof({ weight: 3, arbitrary: fc.constant<Place>("process") }, fc.constantFrom(...PLACES));

const capture = fc.record({
  do: fc.constant("capture" as const),
  make: fc.oneof({ weight: 2, arbitrary: fc.constant<Make>("thrown here") }, fc.constantFrom(...MAKES)),
  text: fc.constantFrom(...TEXTS),
  place,
  times: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.constantFrom(9, 30, 130)),
  hint,
  inner: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, change),
  every: fc.constantFrom(0, 0, 1, 700),
});

/** What an application may do in a storm. Captures without anything special come most often. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: capture },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("capture" as const),
        make: fc.constantFrom<Make>("thrown here", "written"),
        text: fc.constantFrom(...TEXTS),
        place: fc.constant<Place>("process"),
        times: fc.constantFrom(1, 2, 7, 20),
        hint: fc.constant(undefined),
        inner: fc.constant(undefined),
        every: fc.constantFrom(0, 1, 300),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("again" as const),
        back: fc.integer({ min: 0, max: 4 }),
        place,
        code: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("change" as const), place, change }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("sample" as const), rate: fc.constantFrom<0 | 1>(0, 1, 1, 1) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: "unheard" as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("advance" as const, "sleep" as const),
        ms: fc.constantFrom(1, 49, 1000, 59_999, 60_000, 3_600_000),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("flush" as const, "turn" as const) }) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** How long an event waits for other sightings. */
const MERGE_MS = 50;

/** What is set in one scope. */
interface Settings {
  tags: Record<string, string>;
  extra: Record<string, number>;
  user?: string;
  transaction?: string;
  level?: Level;
  crumbs: string[];
  url?: string;
}

/** One capture as the application sees it, and what is to be told of it. */
export interface Told {
  /** What the capture returned. */
  readonly id: string;
  /** What failures of one kind have in common. */
  readonly kind: string;
  /** The id that the same object was given in the same scope before. */
  readonly mergedInto?: string;
  readonly isSampledOut: boolean;
  /** Milliseconds since the Unix epoch, and on the monotonic clock. */
  readonly at: number;
  readonly monotonic: number;
  readonly original: unknown;
  readonly type: string;
  readonly value: string;
  readonly code?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, number>>;
  readonly user?: string;
  readonly transaction?: string;
  readonly level?: Level;
  readonly crumbs: readonly string[];
  readonly url?: string;
  readonly files: readonly string[];
  /** The request it belongs to. */
  readonly request?: string;
}

/** Does what a script says, and writes down what every capture should be told by. */
export class Application {
  readonly told: Told[] = [];
  readonly #client: CorvidClient;
  readonly #clock: TestClock;
  readonly #settings = new Map<Scope, Settings>();
  readonly #requests = new Map<Place, { readonly scope: Scope; readonly run: <T>(fn: () => T) => T }>();
  /** By scope and object, the id it was given there. */
  readonly #seen = new WeakMap<Scope, WeakMap<object, { readonly id: string; readonly at: number }>>();
  /** Errors made so far, and of which kind they are. */
  readonly #made: { readonly error: unknown; readonly make: Make; readonly text: string }[] = [];
  #rate: 0 | 1 = 1;
  #requestCount = 0;

  constructor(client: CorvidClient, clock: TestClock) {
    this.#client = client;
    this.#clock = clock;
    for (const place of ["first request", "second request"] as const)
      this.#requests.set(place, this.#begin());
  }

  do(step: Act): void {
    if (step.do === "capture") {
      const { make, text, place: where, inner, hint: given, times, every } = step;
      for (let n = 0; n < times; n++) {
        const error = MAKERS[make](text);
        this.#made.push({ error, make, text });
        this.#capture(error, make, text, where, given, inner);
        if (every > 0) this.#clock.advance(every);
      }
    } else if (step.do === "again") {
      const last = this.#made.at(-1 - step.back);
      if (last === undefined) return;
      const { error, make, text } = last;
      if (step.code !== undefined && error instanceof Error && !Object.isFrozen(error))
        Object.assign(error, { code: step.code });
      this.#capture(error, make, text, step.place, undefined, undefined);
    } else if (step.do === "change") this.#change(step.place, step.change);
    else if (step.do === "sample") {
      this.#rate = step.rate;
      this.#client.configure({ sampleRate: step.rate });
    } else if (step.do === "unheard") {
      this.#client.configure({ enabled: false });
      captureHere(this.#client, MAKERS["thrown here"](TEXTS[0]), undefined);
      this.#client.configure({ enabled: true });
    } else this.#clock[step.do](step.ms);
  }

  #capture(
    error: unknown,
    make: Make,
    text: string,
    where: Place,
    given: CaptureHint | undefined,
    inner: Change | undefined,
  ): void {
    const process = this.#client.scope;
    const request = where === "own request" ? this.#begin() : this.#requests.get(where);
    const identity = request?.scope ?? process;
    const layers = [this.#of(process), ...(request === undefined ? [] : [this.#of(request.scope)])];
    const local = inner === undefined ? undefined : settingsOf(inner);

    const act = (): string => captureHere(this.#client, error, given);
    const inScope = (): string =>
      inner === undefined
        ? act()
        : withScope((scope) => {
            apply(scope, inner);
            return act();
          });
    const { merged } = this.#client.stats();
    const id = request === undefined ? inScope() : request.run(inScope);
    const isMerged = this.#client.stats().merged > merged;
    const mergedInto = this.#see(identity, error, id, isMerged);

    const all = local === undefined ? layers : [...layers, local];
    const trails = [layers.at(-1)!, ...(local === undefined ? [] : [local])];
    const innermost = <K extends keyof Settings>(key: K): Settings[K] | undefined =>
      all.findLast((layer) => layer[key] !== undefined)?.[key];
    const fingerprint = given?.fingerprint;
    // A text has no stack of its own: it happened where it was reported.
    const inside = make === "text" && inner !== undefined ? ", inside" : "";
    const { code } = error as { readonly code?: number };
    const own = `${make}, ${text.slice(0, 1)}${inside}`;
    this.told.push({
      id,
      kind: fingerprint === undefined ? own : fingerprint.length === 1 ? "mine" : `mine, ${own}`,
      mergedInto,
      isSampledOut: mergedInto === undefined && this.#rate === 0,
      at: this.#clock.now(),
      monotonic: this.#clock.monotonic(),
      original: error,
      type: TYPES[make] ?? "Error",
      value: make === "reworded" ? `${text}, again` : text,
      code,
      tags: Object.assign({}, ...all.map(({ tags }) => tags), given?.tags),
      extra: Object.assign({}, ...all.map(({ extra }) => extra), given?.extra),
      user: (given?.user?.id as string | undefined) ?? innermost("user"),
      transaction: given?.transaction ?? innermost("transaction"),
      level: given?.level ?? innermost("level"),
      crumbs: trails.flatMap(({ crumbs }) => crumbs).slice(-100),
      url: innermost("url"),
      files: (given?.attachments ?? []).map(({ filename }) => filename),
      request: request === undefined ? undefined : where === "own request" ? `${this.#requestCount}` : where,
    });
  }

  /** Objects are the same failure in one scope; texts never are. */
  #see(scope: Scope, error: unknown, id: string, isMerged: boolean): string | undefined {
    if (typeof error !== "object" || error === null) {
      expect(isMerged).toBe(false);
      return undefined;
    }
    const seen = this.#seen.get(scope) ?? new WeakMap<object, { id: string; at: number }>();
    this.#seen.set(scope, seen);
    const before = seen.get(error);
    const at = this.#clock.monotonic();
    if (before === undefined) expect(isMerged).toBe(false);
    // Within a request an object is one failure; elsewhere a repeat, once its event waits for no other sighting.
    else if (scope !== this.#client.scope) expect(isMerged).toBe(true);
    else if (at - before.at >= MERGE_MS) expect(isMerged).toBe(false);
    if (!isMerged) seen.set(error, { id, at });
    return isMerged ? before?.id : undefined;
  }

  /** Begins a request, in which one can go on later. */
  #begin(): { readonly scope: Scope; readonly run: <T>(fn: () => T) => T } {
    this.#requestCount++;
    const inherited = [...this.#of(this.#client.scope).crumbs];
    return withRequestScope(
      (scope) => {
        this.#settings.set(scope, { tags: {}, extra: {}, crumbs: inherited });
        return { scope, run: AsyncLocalStorage.snapshot() };
      },
      { client: this.#client },
    );
  }

  #change(where: Place, { set, value }: Change): void {
    const scope = this.#requests.get(where)?.scope ?? this.#client.scope;
    apply(scope, { set, value } as Change);
    note(this.#of(scope), { set, value } as Change);
  }

  #of(scope: Scope): Settings {
    const known = this.#settings.get(scope) ?? { tags: {}, extra: {}, crumbs: [] };
    this.#settings.set(scope, known);
    return known;
  }
}

/** The one place that reports, as there is one in most applications. */
function captureHere(client: CorvidClient, error: unknown, hint: CaptureHint | undefined): string {
  return client.captureException(error, hint);
}

/** The same in a real scope … */
function apply(scope: Scope, { set, value }: Change): void {
  if (set === "tag") scope.setTag("shop", value);
  else if (set === "extra") scope.setExtra("step", value);
  else if (set === "user") scope.setUser(value === undefined ? null : { id: value });
  else if (set === "transaction") scope.setTransaction(value);
  else if (set === "level") scope.setLevel(value);
  else if (set === "crumb") scope.addBreadcrumb({ message: value });
  else scope.setRequest(() => ({ request: { url: value } }));
}

/** … and in what the test knows of it. */
function note(settings: Settings, { set, value }: Change): void {
  if (set === "tag") settings.tags = { shop: value };
  else if (set === "extra") settings.extra = { step: value };
  else if (set === "user") settings.user = value;
  else if (set === "transaction") settings.transaction = value;
  else if (set === "level") settings.level = value;
  else if (set === "crumb") settings.crumbs = [...settings.crumbs, value];
  else settings.url = value;
}

function settingsOf(change: Change): Settings {
  const settings: Settings = { tags: {}, extra: {}, crumbs: [] };
  note(settings, change);
  return settings;
}

function caused(text: string, why: string): Error {
  return Object.assign(written(text, 6), { cause: written(why, 7) });
}

class StockError extends Error {}

function written(text: string, line: number, more: object = {}): Error {
  const error = new Error(text);
  error.stack = `Error: ${text}\n    at pay (/app/src/orders.js:${line}:5)\n    at main (/app/src/main.js:1:1)`;
  return Object.assign(error, more);
}

function caught(fail: (text: string) => never, text: string): unknown {
  try {
    fail(text);
  } catch (error) {
    return error;
  }
}

function here(text: string): never {
  throw new Error(text);
}

function there(text: string): never {
  throw new Error(text);
}

/** The stack still says what the message was. */
function reworded(error: unknown, message: string): unknown {
  return Object.assign(error as Error, { message });
}

const MAKERS: Readonly<Record<Make, (text: string) => unknown>> = {
  "thrown here": (text) => caught(here, text),
  "thrown there": (text) => caught(there, text),
  written: (text) => written(text, 1),
  "written below": (text) => written(text, 2),
  renamed: (text) => Object.defineProperty(written(text, 1), "name", { value: "PaymentError" }),
  subclass: (text) => caught(() => fail(text), text),
  "other class": (text) => Object.setPrototypeOf(written(text, 1), StockError.prototype),
  reworded: (text) => reworded(written(text, 1), `${text}, again`),
  frozen: (text) => Object.freeze(written(text, 3)),
  "with code": (text) => written(text, 4, { code: 7 }),
  "with cause": (text) => caused(text, "why"),
  "with another cause": (text) => caused(text, "why not"),
  text: (text) => text,
};

function fail(text: string): never {
  throw new StockError(text);
}

const TYPES: Partial<Record<Make, string>> = {
  renamed: "PaymentError",
  subclass: "StockError",
  "other class": "StockError",
  text: "Thrown string",
};
