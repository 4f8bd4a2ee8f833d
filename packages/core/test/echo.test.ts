import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Integration } from "../src/client/integration.js";
import type { ClientOptions } from "../src/client/options.js";
import { withRequestScope, withScope } from "../src/context/current.js";
import { createTestBench, expectBalance, type TestBench } from "./support/client.js";

// Of the stacks of these calls themselves the innermost frame is the same in both.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 1;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** Failures of a few kinds, as often as they are wanted, each an object of its own with the same texts. */
function failureOf(kind: number, message = "boom"): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at pay (/app/src/orders.js:${kind}:5)`;
  return error;
}

class OrderError extends Error {}

/** What sets one failure apart from those of the same texts. */
const VARIANTS: readonly ((error: Error) => unknown)[] = [
  (error) => Object.assign(error, { code: "E_PAY" }),
  (error) => Object.assign(error, { cause: failureOf(8, "because") }),
  (error) => Object.defineProperty(error, "cause", { value: "a text" }),
  (error) => Object.assign(error, { errors: [failureOf(8, "one"), failureOf(9, "two")] }),
  (error) =>
    Object.defineProperties(error, {
      syscall: { value: "connect" },
      errno: { value: -111 },
      code: { value: "ECONNREFUSED" },
    }),
  (error) => Object.defineProperty(error, "name", { value: "PayError" }),
  (error) => Object.setPrototypeOf(error, OrderError.prototype),
  (error) => Object.setPrototypeOf(error, null),
  (error) => Object.freeze(error),
  (error) => new Proxy(error, {}),
  (error) => {
    const refuse = (): never => {
      throw new Error("no");
    };
    return new Proxy(error, { getPrototypeOf: refuse, ownKeys: refuse });
  },
  ({ name, message, stack }) => ({ name, message, stack }),
];

type Step =
  | { readonly do: "capture"; readonly kind: number; readonly times: number }
  | { readonly do: "variant"; readonly kind: number; readonly variant: number; readonly times: number }
  | { readonly do: "again" | "hint" | "flush" }
  | { readonly do: "tag" | "user" | "crumb"; readonly value: number }
  | { readonly do: "local" | "request"; readonly kind: number; readonly times: number }
  | { readonly do: "wait"; readonly ms: number };

const kind = fc.integer({ min: 1, max: 3 });
const times = fc.integer({ min: 1, max: 30 });
const value = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("capture" as const), kind, times }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("variant" as const),
      kind,
      variant: fc.nat({ max: VARIANTS.length - 1 }),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("again" as const, "hint", "flush") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("tag" as const, "user", "crumb"), value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("local" as const, "request"), kind, times }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 30, 120, 61_000) }),
  },
);

/** An integration of the application that watches captures has each of them walk the whole road; one of ours has not. */
const watch: Integration = { name: "Watch", onCapture: () => undefined };

/** What a client answers, sends and says of its account. */
async function play(bench: TestBench, script: readonly Step[]): Promise<unknown> {
  const { client, clock } = bench;
  const answers: unknown[] = [];
  let last: unknown = failureOf(1);
  const capture = (error: unknown, hint?: { readonly tags: { readonly by: string } }): void => {
    last = error;
    answers.push(client.captureException(error, hint));
  };
  const repeat = (kind: number, times: number): void => {
    for (let n = 0; n < times; n++) capture(failureOf(kind));
  };
  for (const step of script) {
    if (step.do === "capture") repeat(step.kind, step.times);
    else if (step.do === "variant")
      for (let n = 0; n < step.times; n++) capture(VARIANTS[step.variant]!(failureOf(step.kind)));
    else if (step.do === "again") capture(last);
    else if (step.do === "hint") capture(failureOf(1), { tags: { by: "hand" } });
    else if (step.do === "flush") await client.flush();
    else if (step.do === "tag") client.scope.setTag("value", step.value);
    else if (step.do === "user") client.scope.setUser({ id: step.value });
    else if (step.do === "crumb") client.scope.addBreadcrumb({ message: `step ${step.value}`, timestamp: 1 });
    else if (step.do === "local")
      withScope((scope) => {
        repeat(step.kind, step.times);
        scope.setTransaction("local");
        repeat(step.kind, step.times);
      });
    else if (step.do === "request")
      withRequestScope(
        (scope) => {
          repeat(step.kind, step.times);
          scope.setUser({ id: "guest" });
          repeat(step.kind, step.times);
        },
        { client },
      );
    else if (step.do === "wait") clock.advance(step.ms);
    answers.push(client.stats());
    expectBalance(client);
  }
  const isDone = await client.close();
  return { answers, isDone, stats: client.stats(), events: bench.transport.events };
}

/** The same by the short way and by the long one. */
async function playBoth(script: readonly Step[], once: ClientOptions["once"] = {}): Promise<unknown[]> {
  const played: unknown[] = [];
  for (const bench of [
    createTestBench({ once }, { integrations: [watch] }),
    createTestBench({ once, integrations: [watch] }),
  ]) {
    played.push(await play(bench, script));
  }
  return played;
}

describe("a repeat that is recognised by its texts alone", () => {
  test("ends as one that walks the whole road: same ids, same events, same account", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (script) => {
        const [short, long] = await playBoth(script, { full: 2 });

        expect(short).toEqual(long);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 150) },
    );
  });

  test.each(VARIANTS.map((_, variant) => variant))(
    "is none that tells anything else (%i)",
    async (variant) => {
      const script: Step[] = [
        { do: "capture", kind: 1, times: 6 },
        { do: "variant", kind: 1, variant, times: 1 },
      ];
      const short = await play(createTestBench({}, { integrations: [watch] }), script);
      const long = await play(createTestBench({ integrations: [watch] }), script);

      expect(short).toEqual(long);
    },
  );

  test("is counted with whoever it happened to", async () => {
    const { client, clock, arrived } = createTestBench({ once: { full: 1 } });
    for (const id of ["ann", "ann", "bob"]) {
      client.scope.setUser({ id });
      for (let n = 0; n < 3; n++) client.captureException(failureOf(1));
      clock.advance(10);
    }

    const [, closing] = await arrived();
    expect(closing?.contexts?.repeats).toEqual({
      count: 8,
      first_seen: "2026-01-02T03:04:05.678Z",
      last_seen: "2026-01-02T03:04:05.698Z",
      users: { ann: 5, bob: 3 },
      servers: { "web-1": 8 },
    });
    expect(closing?.timestamp).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 698) / 1000);
  });

  test("gives hooks the last of the errors", async () => {
    const seen: unknown[] = [];
    const { client, arrived } = createTestBench({
      once: { full: 1 },
      beforeSend(event, { originalException }) {
        seen.push(originalException);
        return event;
      },
    });
    const errors = Array.from({ length: 5 }, () => failureOf(1));
    for (const error of errors) client.captureException(error);

    await arrived();
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBe(errors[0]);
    expect(seen[1]).toBe(errors[4]);
  });

  test("is looked at like any other every 100 ms, by those who know how the process is", async () => {
    let looks = 0;
    const watch = { name: "Watch", onCapture: () => void looks++ };
    const { client, clock } = createTestBench({ once: { full: 1 } }, { integrations: [watch] });
    for (let n = 0; n < 200; n++) {
      client.captureException(failureOf(1));
      clock.advance(10);
    }

    // Those sent in full, at the counts 10 and 100 and after them, and 20 in two seconds.
    expect(looks).toBeGreaterThanOrEqual(20);
    expect(looks).toBeLessThan(30);
    await client.close();
    expectBalance(client);
  });

  test("is not counted while captures are sampled, or when the client is off", () => {
    const { client } = createTestBench({ once: { full: 1 } });
    for (let n = 0; n < 5; n++) client.captureException(failureOf(1));
    client.configure({ sampleRate: 0.2 });
    client.captureException(failureOf(1));
    client.configure({ enabled: false });
    client.captureException(failureOf(1));

    expect(client.stats()).toMatchObject({ captured: 6, folded: 3, queued: 2, dropped: { sample_rate: 1 } });
  });
});
