import { type CaptureHint, captureException, withRequestScope, wrap } from "@corvid/core";
import { createLogRule, severityOf } from "@corvid/core/bridge";
import { withCapturedEvents } from "@corvid/core/testing";
import { describe, expect, test } from "vitest";
import { captureExceptions } from "./index.js";

type CapturedEvents = Awaited<ReturnType<typeof withCapturedEvents>>;

const failures = (events: CapturedEvents): (string | undefined)[] =>
  events.map((event) => event.exception?.values.at(-1)?.value);

/** The events of calls that fail, and the errors as their caller sees them. */
async function outcome(...calls: (() => unknown)[]): Promise<{ events: CapturedEvents; caught: unknown[] }> {
  const caught: unknown[] = [];
  const events = await withCapturedEvents(async () => {
    for (const call of calls) {
      try {
        await call();
      } catch (error) {
        caught.push(error);
      }
    }
  });
  return { events, caught };
}

const symbolic = Symbol("symbolic");

class Shop {
  name = "shop";
  #secret = "till";

  @captureExceptions
  pay(amount: number, currency = "EUR"): string {
    if (amount < 0) throw new RangeError(`${this.name}: ${amount} ${currency}`);
    return `${this.#secret}: ${amount}`;
  }

  @captureExceptions({ tags: { area: "stock" }, level: "warning" })
  async count(sku: string): Promise<number> {
    await null;
    throw new Error(`no ${sku}`);
  }

  @captureExceptions()
  static open(): never {
    throw new Error("closed today");
  }

  @captureExceptions
  *lines(): Generator<string> {
    yield this.name;
    throw new Error("torn page");
  }

  @captureExceptions
  async *pages(): AsyncGenerator<string> {
    yield this.name;
    throw new Error("lost page");
  }

  @captureExceptions
  #audit(): never {
    throw new Error("private matter");
  }

  audit(): void {
    this.#audit();
  }

  @captureExceptions
  get total(): number {
    throw new Error("no total");
  }

  @captureExceptions
  set discount(percent: number) {
    if (percent > 100) throw new Error("too generous");
  }

  @captureExceptions
  accessor open = true;

  @captureExceptions
  onClose = (): string => {
    throw new Error(`${this.name} cannot close`);
  };

  @captureExceptions
  [symbolic](): never {
    throw new Error("nameless");
  }
}

describe("@captureExceptions on a method", () => {
  test("reports what it throws and lets it pass, with this and arguments", async () => {
    const { events, caught } = await outcome(() => new Shop().pay(-1));

    expect(caught).toEqual([new RangeError("shop: -1 EUR")]);
    expect(failures(events)).toEqual(["shop: -1 EUR"]);
    expect(events[0]?.exception?.values[0]?.mechanism).toEqual({ type: "decorator", handled: true });
  });

  test("returns what it returns, private fields included", () => {
    expect(new Shop().pay(5)).toBe("till: 5");
  });

  test("keeps name, length and the shape of the class", () => {
    expect(Shop.prototype.pay.name).toBe("pay");
    expect(Shop.prototype.pay.length).toBe(1);
    expect(Object.getOwnPropertyDescriptor(Shop.prototype, "pay")).toMatchObject({
      configurable: true,
      enumerable: false,
      writable: true,
    });
  });

  test("sends its hint along", async () => {
    const { events } = await outcome(() => new Shop().count("A-1"));

    expect(failures(events)).toEqual(["no A-1"]);
    expect(events[0]).toMatchObject({ level: "warning", tags: { area: "stock" } });
  });

  test.each<[string, () => unknown, string]>([
    ["static", () => Shop.open(), "closed today"],
    ["private", () => new Shop().audit(), "private matter"],
    ["symbol-named", () => new Shop()[symbolic](), "nameless"],
    ["generator", () => [...new Shop().lines()], "torn page"],
    ["getter", () => new Shop().total, "no total"],
    ["arrow function in a field", () => new Shop().onClose(), "shop cannot close"],
    [
      "setter",
      () => {
        new Shop().discount = 200;
      },
      "too generous",
    ],
    [
      "async generator",
      async () => {
        for await (const page of new Shop().pages()) expect(page).toBe("shop");
      },
      "lost page",
    ],
  ])("works for a %s", async (_, call, message) => {
    const { events, caught } = await outcome(call);

    expect(caught).toEqual([new Error(message)]);
    expect(failures(events)).toEqual([message]);
  });

  test("leaves an auto-accessor working", () => {
    const shop = new Shop();
    shop.open = false;

    expect(shop.open).toBe(false);
  });

  test("leaves a field alone that holds no function", () => {
    class Account {
      // @ts-expect-error the types know that it does not belong here
      @captureExceptions
      balance = 7;
    }

    expect(new Account().balance).toBe(7);
  });
});

describe("@captureExceptions on a class", () => {
  @captureExceptions({ tags: { service: "orders", from: "class" } })
  class Orders {
    static Row = class Row {};
    readonly id: string;
    constructor(id = "7") {
      this.id = id;
      if (id === "") throw new Error("an order needs an id");
    }
    find(): string {
      throw new Error(`no order ${this.id}`);
    }
    @captureExceptions({ tags: { from: "method" } })
    async save(): Promise<void> {
      throw new Error("disk full");
    }
    get size(): number {
      throw new Error("size unknown");
    }
    static async load(): Promise<void> {
      throw new Error("cannot load");
    }
  }

  class ExpressOrders extends Orders {
    override find(): string {
      return super.find();
    }
  }

  test("watches its methods and accessors, static ones too", async () => {
    const orders = new Orders();
    const { events } = await outcome(
      () => orders.find(),
      () => orders.size,
      () => Orders.load(),
    );

    expect(failures(events)).toEqual(["no order 7", "size unknown", "cannot load"]);
    expect(events[0]?.tags).toMatchObject({ service: "orders" });
  });

  test("lets a method's own hint win, and adds to it", async () => {
    const { events } = await outcome(() => new Orders().save());

    expect(events).toHaveLength(1);
    expect(events[0]?.tags).toMatchObject({ service: "orders", from: "method" });
  });

  test("reports once through a child and its super call", async () => {
    const { events } = await outcome(() => new ExpressOrders().find());

    expect(failures(events)).toEqual(["no order 7"]);
  });

  test("leaves the class what it is: identity, constructor and its errors, values in static fields", async () => {
    const { events, caught } = await outcome(() => new Orders(""));

    expect(caught).toEqual([new Error("an order needs an id")]);
    expect(events).toEqual([]);
    expect(new Orders().constructor).toBe(Orders);
    expect(new Orders.Row()).toBeInstanceOf(Orders.Row);
    expect(Object.keys(Orders.prototype)).toEqual([]);
  });

  test("works for abstract classes and such with a private constructor", async () => {
    @captureExceptions
    abstract class Base {
      abstract run(): void;
      start(): void {
        this.run();
      }
    }
    class Job extends Base {
      run(): void {
        throw new Error("job failed");
      }
    }
    @captureExceptions
    class Registry {
      private constructor() {}
      static get(): Registry {
        return new Registry();
      }
    }
    const { events } = await outcome(() => new Job().start());

    expect(failures(events)).toEqual(["job failed"]);
    expect(Registry.get()).toBeInstanceOf(Registry);
  });

  test("reports a primitive once too, though class and method are both decorated", async () => {
    @captureExceptions
    class Old {
      @captureExceptions
      fail(): never {
        throw "old habits";
      }
    }
    const { events } = await outcome(() => new Old().fail());

    expect(events).toHaveLength(1);
  });
});

describe("captureExceptions()", () => {
  test("makes a failure one event that is logged, decorated, wrapped and reported by hand", async () => {
    const rule = createLogRule("test");
    const handle = wrap(() => new Shop().count("A-1"), { tags: { seen: "by wrap" } });
    const ids = new Set<string | undefined>();

    const events = await withCapturedEvents(
      () =>
        withRequestScope(() =>
          handle().catch((error: unknown) => {
            ids.add(rule.report(severityOf("error"), () => ({ message: "cannot count", error })));
            ids.add(captureException(error, { tags: { seen: "by hand" } }));
          }),
        ),
      { once: { mergeMs: 1000 } },
    );

    expect(failures(events)).toEqual(["no A-1"]);
    expect([...ids]).toEqual([events[0]?.event_id]);
    expect(events[0]?.tags).toMatchObject({ area: "stock" });
    expect(events[0]?.contexts?.log).toEqual({ message: "cannot count" });
  });

  test("throws at once where it cannot work, and says where", () => {
    const decorate = captureExceptions as unknown as (...args: unknown[]) => unknown;

    expect(() => decorate({}, "field", undefined)).toThrow(
      new TypeError(
        "@captureExceptions: expected a class, method or accessor to stand at, received field field (see @corvid/core/dist/docs/troubleshooting.md#misplaced-decorator)",
      ),
    );
    expect(() => decorate({}, "pay", 1)).toThrow("received parameter 2 of pay");
    expect(() => decorate(() => {}, { kind: "planet" })).toThrow("received planet");
  });

  test("takes any hint, an empty or missing one too", async () => {
    const hints: (CaptureHint | undefined)[] = [undefined, {}, { extra: { a: 1 } }];
    const classes = hints.map((hint) => {
      class Failing {
        @captureExceptions(hint)
        run(): never {
          throw new Error("run");
        }
      }
      return Failing;
    });
    const { events } = await outcome(...classes.map((Failing) => () => new Failing().run()));

    expect(events).toHaveLength(3);
  });
});
