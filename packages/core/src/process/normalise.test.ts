import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { cpuMs } from "../../test/support/cpu.js";
import { ownKeys } from "./normalise/own-keys.js";
import { cleanText, createNormaliser, DEFAULT_LIMITS, normalise, normaliseRecord } from "./normalise.js";

class Order {
  readonly id = 7;
  readonly #secret = "x";
  get total(): number {
    throw new Error(this.#secret);
  }
}

class OddMap extends Map<string, number> {
  override get size(): number {
    throw new Error("no");
  }
  override [Symbol.iterator](): never {
    throw new Error("no");
  }
  override entries(): never {
    throw new Error("no");
  }
}

describe("normalise() says in JSON", () => {
  const cases: [string, unknown, unknown][] = [
    ["text", "a", "a"],
    [
      "numbers",
      [1, -1.5, 0, -0, Number.NaN, Infinity, -Infinity],
      [1, -1.5, 0, "-0", "NaN", "Infinity", "-Infinity"],
    ],
    ["nothing", [null, undefined], [null, "[undefined]"]],
    ["bigints", [12n, -1n, 2n ** 2000n], ["12", "-1", "[BigInt]"]],
    ["symbols", Symbol("a"), "Symbol(a)"],
    [
      "functions",
      [function load() {}, () => undefined, class A {}],
      ["[Function load]", "[Function ?]", "[Function A]"],
    ],
    ["dates", [new Date(0), new Date(Number.NaN)], ["1970-01-01T00:00:00.000Z", "[Invalid Date]"]],
    ["regular expressions", /a\/b/giu, "/a\\/b/giu"],
    [
      "boxes",
      [Object("a"), Object(1), Object(true), Object(1n), Object(Number.NaN)],
      ["a", 1, true, "1", "NaN"],
    ],
    [
      "URLs",
      [new URL("https://a.io/?b=c"), new URLSearchParams("a=b&c=d")],
      ["https://a.io/?b=c", "a=b&c=d"],
    ],
    ["headers", new Headers({ Accept: "x", "X-A": "1" }), { accept: "x", "x-a": "1" }],
    [
      "maps",
      new Map<unknown, unknown>([
        ["a", 1],
        [1, "b"],
        [{}, 2],
        [null, 3],
      ]),
      { a: 1, "1": "b", "[Object]": 2, null: 3 },
    ],
    ["sets", new Set([1, "a", new Set([2])]), [1, "a", [2]]],
    ["weak collections", [new WeakMap(), new WeakSet()], ["[WeakMap]", "[WeakSet]"]],
    ["promises and generators", [Promise.resolve(1), (function* () {})()], ["[Promise]", "[Generator]"]],
    [
      "bytes",
      [Buffer.from("abc"), Buffer.from("a"), new Uint16Array(20), new ArrayBuffer(0)],
      [
        "[Buffer(3 bytes) 616263]",
        "[Buffer(1 byte) 61]",
        `[Uint16Array(40 bytes) ${"0".repeat(32)}…]`,
        "[ArrayBuffer(0 bytes)]",
      ],
    ],
    ["instances", new Order(), { "[class]": "Order", id: 7 }],
    ["objects without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["symbol keys", { [Symbol("a")]: 1, b: 2 }, { b: 2, "Symbol(a)": 1 }],
    ["holes", Object.assign(new Array<number>(3), { 0: 1, 2: 3 }), [1, "[empty]", 3]],
    ["an overridden Map", new OddMap([["a", 1]]), { a: 1 }],
  ];

  test.each(cases)("%s", (_, value, expected) => {
    expect(normalise(value)).toEqual(expected);
  });

  test("errors, with their causes and own properties", () => {
    class PaymentError extends Error {
      readonly code = "E_CARD";
    }
    const error = new PaymentError("declined", { cause: new TypeError("no card") });

    expect(normalise(error)).toEqual({
      type: "PaymentError",
      message: "declined",
      stack: expect.stringMatching(/^at .*normalise\.test\.ts/),
      cause: { type: "TypeError", message: "no card", stack: expect.any(String) },
      code: "E_CARD",
    });
    expect(normalise(new AggregateError([new RangeError("a")], "b"))).toEqual({
      type: "AggregateError",
      message: "b",
      stack: expect.any(String),
      errors: [{ type: "RangeError", message: "a", stack: expect.any(String) }],
    });
    expect(normalise(new DOMException("stop", "AbortError"))).toEqual({
      type: "AbortError",
      message: "stop",
      stack: expect.any(String),
    });
  });
});

describe("normalise() runs no code of the value:", () => {
  test("getters", () => {
    const getter = vi.fn();
    const value = {
      get a() {
        return getter();
      },
      set b(_: unknown) {},
      list: Object.defineProperty([1], 0, { get: getter, enumerable: true }),
    };

    expect(normalise(value)).toEqual({ a: "[Getter]", b: "[Setter]", list: ["[Getter]"] });
    expect(getter).not.toHaveBeenCalled();
  });

  test("what a proxy's traps do but throw", () => {
    const trap = vi.fn(() => {
      throw new Error("trap");
    });
    const traps = {
      get: trap,
      ownKeys: trap,
      getPrototypeOf: trap,
      getOwnPropertyDescriptor: trap,
      has: trap,
      apply: trap,
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const value = [
      new Proxy({}, traps),
      new Proxy([], traps),
      new Proxy(() => undefined, traps),
      Object.create(new Proxy({}, traps)),
      proxy,
      new Map([[new Proxy({}, traps), 1]]),
    ];

    expect(normalise(value)).toEqual(["[Proxy]", "[Proxy]", "[Function ?]", {}, "[Proxy]", { "[Proxy]": 1 }]);
  });

  test("the same trap of a proxy twice", () => {
    const asked: string[] = [];
    const proxied = (target: object): object =>
      new Proxy(target, {
        get: (of, key) => {
          asked.push(`get ${String(key)}`);
          return Reflect.get(of, key);
        },
        ownKeys: (of) => {
          asked.push("ownKeys");
          return Reflect.ownKeys(of);
        },
      });

    expect(normalise([proxied({ a: 1, b: { c: 2 } }), proxied([1, proxied([2])])])).toEqual([
      { a: 1, b: { c: 2 } },
      [1, [2]],
    ]);
    expect(asked).toEqual([
      ...["get toJSON", "ownKeys", "get a", "get b"],
      ...["get length", "get 0", "get 1", "get length", "get 0"],
    ]);
  });

  test("toJSON of plain objects, toString, Symbol.toPrimitive, Symbol.toStringTag, constructor", () => {
    const called = vi.fn(() => "called");
    const value = {
      toJSON: called,
      toString: called,
      [Symbol.toPrimitive]: called,
      get [Symbol.toStringTag](): string {
        return called();
      },
      get constructor() {
        return called as never;
      },
    };
    normalise([value, Object.create(value), new Error("x"), { message: new Error("y") }]);
    cleanText(value, 100);

    expect(called).not.toHaveBeenCalled();
  });
});

describe("normalise() shows what a class instance says of itself:", () => {
  class ObjectId {
    toJSON(): string {
      return "507f1f77bcf86cd799439011";
    }
  }
  class Decimal128 {
    toString(): string {
      return "10.50";
    }
    toJSON(): object {
      return { $numberDecimal: "10.50" };
    }
  }
  class User {
    readonly name = "ann";
    readonly hash = "secret";
    toJSON(): object {
      return { name: this.name, id: new ObjectId() };
    }
  }

  test("ids, decimals and models, also behind a proxy, and ids as deep as any text", () => {
    const id = "507f1f77bcf86cd799439011";
    const value = [new ObjectId(), new Decimal128(), new User(), new Proxy([new User()], {})];

    expect(normalise(value)).toEqual([id, "10.50", { name: "ann", id }, [{ name: "ann", id }]]);
    expect(normalise({ id: new ObjectId() }, { ...DEFAULT_LIMITS, depth: 1 })).toEqual({ id });
  });

  test("nothing of an instance whose toJSON throws, is slow for the second time, or returns nothing", () => {
    class Broken {
      readonly hash = "secret";
      toJSON(): never {
        throw new Error("no");
      }
    }
    class Slow {
      toJSON(): string {
        const end = performance.now() + 3;
        while (performance.now() < end);
        return "slow";
      }
    }
    class Silent {
      readonly hash = "secret";
      toJSON(): undefined {}
    }

    expect(normalise([new Broken(), new Slow(), new Slow(), new Silent()])).toEqual([
      "[Broken]",
      "slow",
      "[Slow]",
      "[Silent]",
    ]);
  });

  test("with an end, when it makes ever new instances", () => {
    class Endless {
      toJSON(): object {
        return { next: new Endless() };
      }
    }

    expect(JSON.stringify(normalise(new Endless()))).toMatch(/^(?:\{"next":)+"\[Endless\]"\}+$/);
  });
});

describe("normalise() keeps a value in bounds:", () => {
  test("describes what lies too deep", () => {
    const value = { a: { b: { c: 1 }, d: [1, 2], e: new Order(), f: new Map(), g: "text" } };

    expect(normalise(value, { ...DEFAULT_LIMITS, depth: 2 })).toEqual({
      a: { b: "[Object]", d: "[Array(2)]", e: "[Order]", f: "[Map]", g: "text" },
    });
  });

  test("says how much was left out", () => {
    const limits = { ...DEFAULT_LIMITS, breadth: 3 };

    expect(normalise({ a: 1, b: 2, c: 3 }, limits)).toEqual({ a: 1, b: 2, c: 3 });
    expect(normalise({ a: 1, b: 2, c: 3, d: 4 }, limits)).toEqual({ a: 1, b: 2, "…": "2 more" });
    expect(normalise([1, 2, 3, 4], limits)).toEqual([1, 2, "… 2 more"]);
    expect(normalise(new Set([1, 2, 3, 4]), limits)).toEqual([1, 2, "… 2 more"]);
    expect(
      normalise(
        new Map([
          [1, 1],
          [2, 2],
          [3, 3],
          [4, 4],
        ]),
        limits,
      ),
    ).toEqual({ "1": 1, "2": 2, "…": "2 more" });
  });

  test("names cycles, and shows what is merely shared", () => {
    const shared = { a: 1 };
    const cycle: Record<string, unknown> = { shared, again: shared, list: [shared] };
    cycle["self"] = cycle;
    cycle["map"] = new Map([["back", cycle]]);

    expect(normalise(cycle)).toEqual({
      shared: { a: 1 },
      again: { a: 1 },
      list: [{ a: 1 }],
      self: "[Circular]",
      map: { back: "[Circular]" },
    });
  });

  test("spends one budget on everything", () => {
    const wide = Array.from({ length: 50 }, () => "x".repeat(8192));
    const json = normalise({ a: wide, b: wide, c: wide }, { ...DEFAULT_LIMITS, totalBytes: 100_000 });

    expect(JSON.stringify(json).length).toBeLessThan(110_000);
  });

  test("never lets a key overwrite another, nor reach a prototype", () => {
    const long = "k".repeat(200);
    const json = normalise({ [`${long}1`]: 1, [`${long}2`]: 2, ["__proto__"]: { polluted: true } }) as Record<
      string,
      unknown
    >;

    expect(Object.keys(json)).toEqual([`${"k".repeat(127)}…`, `${"k".repeat(127)}… (2)`, "__proto__"]);
    expect(Object.getPrototypeOf(json)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("gives back the same when asked twice", () => {
    const once = normalise({
      list: Array.from({ length: 200 }, (_, i) => i),
      text: "x".repeat(10_000),
      order: new Order(),
    });

    expect(normalise(once)).toEqual(once);
  });
});

describe("normalise() is quick with", () => {
  const nested: Record<string, unknown> = {};
  let inner = nested;
  for (let i = 0; i < 20_000; i++) inner = inner["a"] = {} as Record<string, unknown>;
  const keys: Record<string, number> = {};
  for (let i = 0; i < 200_000; i++) keys[`k${i}`] = i;

  test.each<[string, unknown]>([
    ["200,000 keys", keys],
    ["fifty times 200,000 keys", Array(50).fill(keys)],
    ["a text of 5 MB", "é".repeat(5_000_000)],
    ["20,000 levels", nested],
    ["a list of 10 million", new Array(10_000_000).fill(0)],
    ["a list of nothing but length", new Array(4_294_967_295)],
    ["a set of 200,000", new Set(Array.from({ length: 200_000 }, (_, i) => i))],
    ["a key of 1 MB", { ["k".repeat(1_000_000)]: 1 }],
    ["a bigint of a million digits", 10n ** 100_000n],
    ["50 MB of bytes", new Uint8Array(50_000_000)],
    ["everything there is", globalThis],
    ["the process", process],
  ])("%s", (_, value) => {
    const started = cpuMs();
    const json = normalise(value);

    expect(cpuMs() - started).toBeLessThan(1000);
    expect(JSON.stringify(json).length).toBeLessThan(600_000);
  });

  test("a tree that would be 50⁶ values", () => {
    let tree: unknown = 1;
    for (let i = 0; i < 6; i++) tree = Array(50).fill(tree);
    const started = cpuMs();
    const json = normalise(tree);

    expect(cpuMs() - started).toBeLessThan(1000);
    expect(JSON.stringify(json).length).toBeLessThan(300_000);
  });

  test("a value met at the end of the stack", () => {
    let depth = 0;
    const dive = (): unknown => {
      depth++;
      try {
        return dive();
      } catch {
        return normalise({ a: { b: [1] } });
      }
    };

    expect(() => dive()).not.toThrow();
    expect(depth).toBeGreaterThan(100);
  });
});

test("normalise() makes JSON of anything, the same JSON each time, and leaves it as it was", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  });

  fc.assert(
    fc.property(
      anything,
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 0, max: 60 }),
      (value, depth, breadth) => {
        const limits = { depth, breadth, stringLength: 20, totalBytes: 5000 };
        const before = structuredCloneable(value);
        const json = normalise(ArrayBuffer.isView(value) ? value : Object.freeze(value), limits);

        expect(JSON.parse(JSON.stringify(json))).toEqual(json);
        expect(normalise(value, limits)).toEqual(json);
        expect(JSON.stringify(json).length).toBeLessThan(40_000);
        expect(value).toEqual(before);
      },
    ),
    { numRuns: 500 },
  );
});

/** A deep copy where the platform can make one, the value itself where it cannot. */
function structuredCloneable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

describe("normaliseRecord()", () => {
  test("wraps what is no object", () => {
    expect([1, "a", [1], new Set([1]), new Date(0)].map((value) => normaliseRecord(value))).toEqual([
      { value: 1 },
      { value: "a" },
      { value: [1] },
      { value: [1] },
      { value: "1970-01-01T00:00:00.000Z" },
    ]);
  });

  test("makes nothing of nothing", () => {
    expect([normaliseRecord(undefined), normaliseRecord(null), normaliseRecord({})]).toEqual([{}, {}, {}]);
  });
});

describe("cleanText()", () => {
  test("cuts between code points and says so", () => {
    expect(cleanText("abcdef", 6)).toBe("abcdef");
    expect(cleanText("abcdefg", 6)).toBe("abcde…");
    expect(cleanText("abcd😀fg", 6)).toBe("abcd…");
    expect(cleanText("\ufeffabcdefg", 6)).toBe("\ufeffabcd…");
    expect(cleanText("abc", 0)).toBe("");
    expect(cleanText("abc", 1)).toBe("…");
  });

  test("replaces what a server cannot read", () => {
    expect(cleanText("a\0b\ud800c\udc00", 10)).toBe("a\ufffdb\ufffdc\ufffd");
  });

  test("makes text of anything", () => {
    const values = [undefined, null, true, 1, Number.NaN, 1n, Symbol("s"), { a: [1] }, new Date(0), () => 1];

    expect(values.map((value) => cleanText(value, 100))).toEqual([
      "undefined",
      "null",
      "true",
      "1",
      "NaN",
      "1",
      "Symbol(s)",
      `{"a":[1]}`,
      "1970-01-01T00:00:00.000Z",
      "[Function ?]",
    ]);
  });
});

describe("normalise() with dataOnly", () => {
  const limits = { ...DEFAULT_LIMITS, dataOnly: true };

  test("leaves out functions, undefined and symbols", () => {
    const value = { a: 1, f: () => 1, u: undefined, n: null, [Symbol("s")]: 2, deep: { g: () => 1, b: 2 } };

    expect(normalise(value, limits)).toEqual({ a: 1, n: null, deep: { b: 2 } });
  });

  test("names instances that do something, and shows those that say something", () => {
    class Money {
      readonly amount = 5;
      plus(): number {
        return this.amount;
      }
    }
    class Socket {
      readonly onData = (): void => undefined;
    }
    const listeners = Symbol("listeners");
    class Emitter {
      readonly [listeners] = [];
    }

    expect(normalise({ price: new Money(), socket: new Socket(), agent: new Emitter() }, limits)).toEqual({
      price: { "[class]": "Money", amount: 5 },
      socket: "[Socket]",
      agent: "[Emitter]",
    });
  });
});

describe("createNormaliser()", () => {
  test("makes copies that share one size", () => {
    const copy = createNormaliser({ ...DEFAULT_LIMITS, totalBytes: 100 });

    expect([copy("a".repeat(60)), copy("b".repeat(60)), copy("c")]).toEqual([
      "a".repeat(60),
      expect.stringMatching(/^b{20,40}…$/),
      "…",
    ]);
  });
});

test("normalise() says when there are too many keys to list", () => {
  const value = { a: 1 };
  let time = 0;
  ownKeys(value, () => (time += 5));

  expect(normalise({ value, next: 1 })).toEqual({ value: { "…": "too many to list" }, next: 1 });
});
