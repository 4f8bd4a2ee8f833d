import { AsyncResource } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test } from "vitest";
import { currentClient, currentContext, getScope, setCurrentClient, withScope } from "../context/current.js";
import { Client } from "../node/client.js";
import { type RecordingTransport, recordingTransport } from "../testing.js";
import { isWanted } from "./answer.js";
import { type RequestOptions, requestBinding } from "./binding.js";

const hint = { mechanism: { type: "auto.http.test", handled: false } };
const binding = bindingWith({});

function bindingWith(options: RequestOptions<object>): ReturnType<typeof requestBinding<object>> {
  const kind = {
    name: "handler()",
    request: (request: object) => request,
    describe: () => ({ method: "GET", url: "/a" }),
  };
  return requestBinding(kind, options);
}

/** Runs functions where no request is under way. */
const outside = new AsyncResource("outside");

afterEach(() => {
  setCurrentClient(undefined);
});

function start(): { client: Client; sent: RecordingTransport } {
  const sent = recordingTransport();
  const client = new Client({ dsn: false, transport: sent });
  setCurrentClient(client);
  return { client, sent };
}

describe("requestBinding().run()", () => {
  test("opens one scope for a request, and finds it again from anywhere", () => {
    const request = {};

    const scopes = binding.run(request, () => [
      getScope(),
      binding.run(request, () => getScope()),
      outside.runInAsyncScope(() => binding.run(request, () => getScope())),
    ]);

    expect(new Set(scopes).size).toBe(1);
    expect(binding.run({}, () => getScope())).not.toBe(scopes[0]);
    expect(getScope()).not.toBe(scopes[0]);
  });

  test("begins with the breadcrumbs of that moment, however late the scope is first used", async () => {
    const { client, sent } = start();
    client.scope.addBreadcrumb({ message: "before" });
    const request = {};

    binding.run(request, () => {
      outside.runInAsyncScope(() => client.scope.addBreadcrumb({ message: "of somebody else" }));
      getScope().addBreadcrumb({ message: "own" });
    });
    binding.report(request, new Error("failed"), hint);
    await client.close();

    expect(sent.events[0]?.breadcrumbs?.map(({ message }) => message)).toEqual(["before", "own"]);
  });

  test("leads a withScope inside of it back to the same request", () => {
    const request = {};

    const requests = binding.run(request, () => [
      withScope(() => currentContext().request),
      binding.run(request, () => currentContext().request),
      withScope(() => binding.run(request, () => currentContext().request)),
    ]);

    expect(new Set(requests).size).toBe(1);
    expect(requests[0]).toBeDefined();
  });

  test("asks for the request's client once, and does without when that fails", () => {
    const { client } = start();
    const tenant = new Client({ dsn: false });
    const request = {};
    let asked = 0;
    const choosing = bindingWith({
      client: () => {
        asked++;
        return tenant;
      },
    });
    const failing = bindingWith({
      client: () => {
        throw new Error("no such tenant");
      },
    });

    choosing.run(request, () => undefined);

    expect(choosing.run(request, () => currentClient())).toBe(tenant);
    expect(asked).toBe(1);
    expect(failing.run({}, () => currentClient())).toBe(client);
  });

  test("forgets a request, and all its scope held, with the request itself", async () => {
    start();
    const collect = garbageCollector();
    const seen: WeakRef<object>[] = [];
    const serve = (): void => {
      const request = { url: "/a" };
      seen.push(
        new WeakRef(request),
        binding.run(request, () => new WeakRef(getScope())),
      );
    };

    serve();
    // A reference that was just made or read holds until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();

    expect(seen.map((reference) => reference.deref())).toEqual([undefined, undefined]);
  });

  test("returns what the function returns and throws what it throws", () => {
    const failure = new Error("failed");
    const fail = (): never => {
      throw failure;
    };

    expect(binding.run({}, () => 7)).toBe(7);
    expect(() => binding.run({}, fail)).toThrow(failure);
  });
});

describe("requestBinding().report()", () => {
  test("reports in the request's scope, and remembers the id there", async () => {
    const { client, sent } = start();
    const request = {};
    binding.run(request, () => getScope().setUser({ id: 7 }));

    const id = binding.report(request, new Error("failed"), hint);
    await client.close();

    expect(sent.events).toMatchObject([
      { event_id: id, user: { id: "7" }, request: { url: "/a", method: "GET" } },
    ]);
    expect(binding.run(request, () => getScope().lastEventId)).toBe(id);
  });

  test.each([["a text"], [7], [null], [undefined], [Number.NaN]])(
    "reports %s once a request",
    async (thrown) => {
      const { client, sent } = start();
      const request = {};

      const first = binding.report(request, thrown, hint);
      const again = binding.report(request, thrown, hint);
      const elsewhere = binding.report({}, thrown, hint);
      await client.close();

      expect(again).toBe(first);
      expect(elsewhere).not.toBe(first);
      expect(sent.events).toHaveLength(2);
    },
  );

  test("gives no id without a client", () => {
    expect(binding.report({}, new Error("failed"), hint)).toBeUndefined();
    expect(currentContext()).toEqual({});
  });
});

test("isWanted() means yes when the rule fails", () => {
  const broken = (): never => {
    throw new Error("a broken rule");
  };

  expect([isWanted(1, broken), isWanted(1, () => false), isWanted(1, () => true)]).toEqual([
    true,
    false,
    true,
  ]);
});

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
