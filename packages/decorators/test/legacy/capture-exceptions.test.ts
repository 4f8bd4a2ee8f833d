import { withCapturedEvents } from "@corvid/core/testing";
import { afterEach, describe, expect, test } from "vitest";
import { captureExceptions } from "../../src/index.js";

type CapturedEvents = Awaited<ReturnType<typeof withCapturedEvents>>;

const failures = (events: CapturedEvents): (string | undefined)[] =>
  events.map((event) => event.exception?.values.at(-1)?.value);

async function eventsOf(...calls: (() => unknown)[]): Promise<CapturedEvents> {
  return withCapturedEvents(async () => {
    for (const call of calls) {
      try {
        await call();
      } catch {
        // What the caller sees is tested beside the sources.
      }
    }
  });
}

class Shop {
  readonly name = "shop";

  @captureExceptions
  pay(amount: number): string {
    if (amount < 0) throw new RangeError(`${this.name}: ${amount}`);
    return `${this.name}: ${amount}`;
  }

  @captureExceptions({ tags: { area: "stock" } })
  async count(): Promise<number> {
    await null;
    throw new Error("no stock");
  }

  @captureExceptions()
  static *open(): Generator<string> {
    yield "door";
    throw new Error("closed today");
  }

  @captureExceptions
  get total(): number {
    throw new Error("no total");
  }
}

@captureExceptions({ tags: { service: "orders", from: "class" } })
class Orders {
  find(): string {
    throw new Error("no order");
  }
  @captureExceptions({ tags: { from: "method" } })
  save(): void {
    throw new Error("disk full");
  }
}

@captureExceptions
abstract class Base {
  start(): void {
    this.run();
  }
  abstract run(): void;
}

describe("@captureExceptions as a legacy decorator", () => {
  test("watches methods, static ones and getters, and keeps their shape", async () => {
    const shop = new Shop();
    const events = await eventsOf(
      () => shop.pay(-1),
      () => shop.count(),
      () => [...Shop.open()],
      () => shop.total,
    );

    expect(failures(events)).toEqual(["shop: -1", "no stock", "closed today", "no total"]);
    expect(events[1]?.tags).toMatchObject({ area: "stock" });
    expect(shop.pay(1)).toBe("shop: 1");
    expect(Shop.prototype.pay.name).toBe("pay");
    expect(Object.keys(Shop.prototype)).toEqual([]);
  });

  test("watches whole classes, abstract ones too", async () => {
    class Job extends Base {
      run(): void {
        throw new Error("job failed");
      }
    }
    const orders = new Orders();
    const events = await eventsOf(
      () => orders.find(),
      () => orders.save(),
      () => new Job().start(),
    );

    expect(failures(events)).toEqual(["no order", "disk full", "job failed"]);
    expect(events[0]?.tags).toMatchObject({ service: "orders", from: "class" });
    expect(events[1]?.tags).toMatchObject({ service: "orders", from: "method" });
    expect(orders.constructor).toBe(Orders);
  });

  test("does not pass the type checker on a field", () => {
    const declare = (): unknown => {
      class Account {
        // @ts-expect-error a legacy decorator cannot reach a field's value
        @captureExceptions
        balance = 7;
      }
      return Account;
    };

    expect(declare).toThrow("received field balance");
  });
});

describe("@captureExceptions among decorators that note metadata", () => {
  /** The part of reflect-metadata that frameworks use on methods, for as long as a test runs. */
  function installMetadata(): void {
    const store = new WeakMap<object, Map<unknown, unknown>>();
    const of = (target: object): Map<unknown, unknown> => {
      const facts = store.get(target) ?? new Map<unknown, unknown>();
      store.set(target, facts);
      return facts;
    };
    Object.assign(Reflect, {
      defineMetadata: (key: unknown, value: unknown, target: object) => void of(target).set(key, value),
      getOwnMetadata: (key: unknown, target: object) => of(target).get(key),
      getOwnMetadataKeys: (target: object) => [...of(target).keys()],
    });
  }
  interface Metadata {
    defineMetadata(key: unknown, value: unknown, target: object): void;
    getOwnMetadata(key: unknown, target: object): unknown;
  }
  const metadata = (): Metadata => Reflect as unknown as Metadata;
  const Route =
    (path: string) =>
    (_target: object, _key: string, descriptor: PropertyDescriptor): void =>
      metadata().defineMetadata("path", path, descriptor.value);

  afterEach(() => {
    for (const name of ["defineMetadata", "getOwnMetadata", "getOwnMetadataKeys"])
      Reflect.deleteProperty(Reflect, name);
  });

  test("keeps what they noted, above it and below it", () => {
    installMetadata();
    class Controller {
      @captureExceptions
      @Route("/below")
      below(): void {}

      @Route("/above")
      @captureExceptions
      above(): void {}
    }

    expect(metadata().getOwnMetadata("path", Controller.prototype.below)).toBe("/below");
    expect(metadata().getOwnMetadata("path", Controller.prototype.above)).toBe("/above");
  });
});
