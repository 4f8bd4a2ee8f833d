import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { Event } from "../model/event.js";
import { withCapturedEvents } from "../testing.js";
import { captureException, lastEventId } from "./api.js";
import { withRequestScope } from "./current.js";
import { wrap } from "./wrap.js";

const failures = (events: readonly Event[]): (string | undefined)[] =>
  events.map((event) => event.exception?.values.at(-1)?.value);

async function outcomeOf(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error;
  }
}

describe("wrap() around a plain function", () => {
  test("passes this, arguments and result through", async () => {
    const counter = {
      base: 10,
      add: wrap(function (this: { base: number }, a: number, b: number) {
        return this.base + a + b;
      }),
    };

    expect(counter.add(1, 2)).toBe(13);
  });

  test("reports what is thrown and throws the very same", async () => {
    const thrown = new TypeError("no such order");
    let caught: unknown;

    const events = await withCapturedEvents(() => {
      const load = wrap(() => {
        throw thrown;
      });
      try {
        load();
      } catch (error) {
        caught = error;
      }
    });

    expect(caught).toBe(thrown);
    expect(failures(events)).toEqual(["no such order"]);
    expect(events[0]?.exception?.values[0]?.mechanism).toEqual({ type: "wrap", handled: true });
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a text", "out of stock"],
    ["a symbol", Symbol("s")],
    ["a frozen error", Object.freeze(new Error("frozen"))],
  ])("reports %s that is thrown", async (_, thrown) => {
    let caught: unknown = "nothing";

    const events = await withCapturedEvents(() => {
      try {
        wrap(() => {
          throw thrown;
        })();
      } catch (error) {
        caught = error;
      }
    });

    expect(caught).toBe(thrown);
    expect(events).toHaveLength(1);
  });

  test("sends its hint along, and the id is the last one of the scope", async () => {
    let id: string | undefined;

    const events = await withCapturedEvents(async () => {
      const charge = wrap(
        () => {
          throw new Error("declined");
        },
        { tags: { area: "billing" }, level: "fatal", mechanism: { type: "billing", handled: false } },
      );
      await outcomeOf(charge);
      id = lastEventId();
    });

    expect(events[0]).toMatchObject({ event_id: id, level: "fatal", tags: { area: "billing" } });
    expect(events[0]?.exception?.values[0]?.mechanism).toEqual({ type: "billing", handled: false });
  });

  test("lets everything pass without a client", () => {
    const fail = wrap(() => {
      throw new Error("unseen");
    });

    expect(fail).toThrow("unseen");
  });

  test("hands back what is no function", () => {
    expect(wrap(undefined as never)).toBeUndefined();
    expect(wrap("text" as never)).toBe("text");
  });

  test("keeps name, length, own properties, and follows changes of them", () => {
    const route = Object.assign(function getOrder(_id: string, _more: string) {}, { path: "/orders/:id" });

    const wrapped = wrap(route);

    expect(wrapped.name).toBe("getOrder");
    expect(wrapped.length).toBe(2);
    expect(wrapped.path).toBe("/orders/:id");
    wrapped.path = "/v2";
    expect(route.path).toBe("/v2");
    expect(String(wrapped)).toContain("[native code]");
    expect(Object.prototype.toString.call(wrap(async () => {}))).toBe("[object AsyncFunction]");
  });

  test("reports a failure once, however many wrappers it passes", async () => {
    const inner = wrap(() => {
      throw new Error("deep");
    });
    const outer = wrap(() => inner());

    const events = await withCapturedEvents(async () => {
      const error = await outcomeOf(outer);
      captureException(error);
    });

    expect(failures(events)).toEqual(["deep"]);
  });
});

describe("wrap() around an async function", () => {
  test("reports a rejection and rejects with the very same", async () => {
    const thrown = new Error("timeout");
    let caught: unknown;

    const events = await withCapturedEvents(async () => {
      caught = await outcomeOf(
        wrap(async () => {
          await null;
          throw thrown;
        }),
      );
    });

    expect(caught).toBe(thrown);
    expect(failures(events)).toEqual(["timeout"]);
  });

  test("resolves as the original does", async () => {
    expect(await wrap(async (n: number) => n * 2)(21)).toBe(42);
  });

  test("reports into the scope in which it was called", async () => {
    const fail = wrap(async () => {
      await null;
      throw new Error("late");
    });

    const events = await withCapturedEvents(() =>
      withRequestScope(async (scope) => {
        scope.setTag("order", "7");
        await outcomeOf(fail);
      }),
    );

    expect(events[0]?.tags).toMatchObject({ order: "7" });
  });

  test("keeps a promise's class and own properties", async () => {
    class Tracked<T> extends Promise<T> {
      kind(): string {
        return "tracked";
      }
    }
    const start = wrap(() => Object.assign(Tracked.resolve(1), { cancel: () => "cancelled" }));

    const promise = start();

    expect(promise).toBeInstanceOf(Tracked);
    expect((promise as unknown as Tracked<number>).kind()).toBe("tracked");
    expect(promise.cancel()).toBe("cancelled");
    expect(await promise).toBe(1);
  });

  test("watches promises of other realms", async () => {
    const foreign = runInNewContext("(async () => { throw new Error('elsewhere') })") as () => Promise<void>;

    const events = await withCapturedEvents(() => outcomeOf(wrap(foreign)));

    expect(failures(events)).toEqual(["elsewhere"]);
  });

  test("does not touch thenables, which may be lazy", () => {
    let started = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: queries of database libraries look like this
      then(resolve: (rows: string[]) => void) {
        started++;
        resolve([]);
      },
    };

    const result = wrap(() => query)();

    expect(result).toBe(query);
    expect(started).toBe(0);
  });

  test("does not touch promises with a then of their own", () => {
    class Lazy extends Promise<string> {
      static started = 0;
      // biome-ignore lint/suspicious/noThenProperty: this is what lazy promises do
      override then: Promise<string>["then"] = (...handlers) => {
        Lazy.started++;
        return super.then(...handlers);
      };
    }
    const lazy = new Lazy(() => {});

    expect(wrap(() => lazy)()).toBe(lazy);
    expect(Lazy.started).toBe(0);
  });

  test("returns a promise that cannot be watched as it is", async () => {
    const promise = Promise.resolve("fine");
    Object.defineProperty(promise, "constructor", {
      get() {
        throw new Error("hands off");
      },
    });

    expect(wrap(() => promise)()).toBe(promise);
  });

  test("returns hostile objects as they are", () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("hands off");
        },
        getPrototypeOf() {
          throw new Error("hands off");
        },
      },
    );

    expect(wrap(() => hostile)()).toBe(hostile);
  });
});

describe("wrap() around a generator", () => {
  test("reports what a step throws, and passes values both ways", async () => {
    const received: unknown[] = [];
    const walk = wrap(function* (start: number) {
      received.push(yield start);
      received.push(yield start + 1);
      throw new Error("end of the road");
    });
    const seen: unknown[] = [];

    const events = await withCapturedEvents(async () => {
      const steps = walk(1);
      seen.push(steps.next().value, steps.next("a").value, await outcomeOf(() => steps.next("b")));
      seen.push(steps.next().done);
    });

    expect(seen).toEqual([1, 2, new Error("end of the road"), true]);
    expect(received).toEqual(["a", "b"]);
    expect(failures(events)).toEqual(["end of the road"]);
  });

  test("is still the generator to loops, spreading and instanceof", async () => {
    const count = wrap(function* count() {
      yield 1;
      yield 2;
    });

    expect([...count()]).toEqual([1, 2]);
    expect(count()).toBeInstanceOf(count);
    expect(Object.prototype.toString.call(count())).toBe("[object Generator]");
    const outer = function* (): Generator<number> {
      yield* count();
    };
    expect([...outer()]).toEqual([1, 2]);
  });

  test("runs finally blocks when a loop is left early, and reports what they throw", async () => {
    const read = wrap(function* () {
      try {
        yield "line";
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: this is the case under test
        throw new Error("cannot close");
      }
    });

    const events = await withCapturedEvents(() =>
      outcomeOf(() => {
        for (const _ of read()) break;
      }),
    );

    expect(failures(events)).toEqual(["cannot close"]);
  });

  test("leaves alone what the generator handles itself", async () => {
    const handle = wrap(function* (): Generator<string, void, void> {
      try {
        yield "ready";
      } catch {
        yield "handled";
      }
    });

    const events = await withCapturedEvents(() => {
      const steps = handle();
      steps.next();
      expect(steps.throw(new Error("thrown in")).value).toBe("handled");
    });

    expect(events).toEqual([]);
  });

  test("watches async generators, early and late", async () => {
    const pages = wrap(async function* () {
      yield 1;
      await null;
      throw new Error("page 2 is missing");
    });
    const seen: unknown[] = [];

    const events = await withCapturedEvents(() =>
      outcomeOf(async () => {
        for await (const page of pages()) seen.push(page);
      }),
    );

    expect(seen).toEqual([1]);
    expect(failures(events)).toEqual(["page 2 is missing"]);
  });
});

describe("wrap() around a constructor", () => {
  class Order {
    readonly id: string;
    readonly madeAs: unknown;
    constructor(id: string) {
      this.madeAs = new.target;
      if (id === "") throw new RangeError("an order needs an id");
      this.id = id;
    }
    static open(id: string): Order {
      return new this(id);
    }
  }
  type OrderClass = typeof Order & ((...args: never[]) => unknown);
  const Wrapped = wrap(Order as OrderClass);

  test("makes the same objects", () => {
    const order = new Wrapped("7");

    expect(order).toBeInstanceOf(Order);
    expect(order).toBeInstanceOf(Wrapped);
    expect(Wrapped.open("8").id).toBe("8");
  });

  test("can be extended, and new.target stays the child", () => {
    class Express extends Wrapped {}

    expect(new Express("9").madeAs).toBe(Express);
    expect(new Express("9")).toBeInstanceOf(Order);
  });

  test("reports what the constructor throws", async () => {
    const events = await withCapturedEvents(() => outcomeOf(() => new Wrapped("")));

    expect(failures(events)).toEqual(["an order needs an id"]);
  });
});

describe("wrap() and rejections that nobody handles", () => {
  const core = fileURLToPath(new URL("../../dist/esm/index.js", import.meta.url));

  test.each(["wrap(fail)", "fail"])(
    "Node judges %s() alike: exit code 1, the error on stderr",
    async (call) => {
      const script = `
      import { wrap } from ${JSON.stringify(core)};
      const fail = async () => { throw new Error("nobody cares"); };
      (${call})();
    `;

      const ended = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]).catch(
        (error: { code: number; stderr: string }) => error,
      );

      expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("Error: nobody cares") });
    },
  );
});
