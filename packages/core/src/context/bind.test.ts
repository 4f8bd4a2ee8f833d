import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestBench, type TestBench } from "../../test/support/client.js";
import { captureException, setTag, setUser } from "./api.js";
import { bind } from "./bind.js";
import { setCurrentClient, withRequestScope } from "./current.js";

let bench: TestBench;

beforeEach(() => {
  bench = createTestBench();
  setCurrentClient(bench.client);
});
afterEach(() => {
  setCurrentClient(undefined);
});

describe("bind()", () => {
  test("runs a function in the scope in which it was bound", async () => {
    const callbacks = ["ann", "bob"].map((id) =>
      withRequestScope(() => {
        setUser({ id });
        return bind((message: string) => captureException(new Error(`${message} ${id}`)));
      }),
    );

    for (const callback of callbacks) callback("failed for");

    expect(
      (await bench.arrived()).map(({ user, exception }) => [user?.id, exception?.values[0]?.value]),
    ).toEqual([
      ["ann", "failed for ann"],
      ["bob", "failed for bob"],
    ]);
  });

  test("leads out of a request again, when it was bound outside of any", () => {
    const report = bind(() => setTag("worker", 1));

    withRequestScope((scope) => {
      report();

      expect(scope.snapshot().tags).toEqual({});
    });
    expect(bench.client.scope.snapshot().tags).toEqual({ worker: "1" });
  });

  test("keeps this, arguments, result, name and length, and what is no function", () => {
    function add(this: { base: number }, a: number, b: number): number {
      return this.base + a + b;
    }
    const bound = bind(add);

    expect(bound.call({ base: 1 }, 2, 3)).toBe(6);
    expect([bound.name, bound.length]).toEqual(["add", 2]);
    expect(bind(undefined as never)).toBeUndefined();
  });
});
