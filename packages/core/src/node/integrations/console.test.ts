import { afterEach, describe, expect, test, vi } from "vitest";
import type { ClientOptions } from "../../client/options.js";
import { setCurrentClient, withRequestScope } from "../../context/current.js";
import type { Breadcrumb } from "../../model/event.js";
import { recordingTransport } from "../../testing.js";
import { Client } from "../client.js";

const open: Client[] = [];

/** A client that is current and watches the console alone. */
function start(options: ClientOptions = {}): Client {
  const client = new Client({
    dsn: false,
    transport: recordingTransport(),
    integrations: (defaults) => defaults.filter(({ name }) => name === "Console"),
    ...options,
  });
  setCurrentClient(client);
  open.push(client);
  return client;
}

function crumbsIn(fn: () => void): Breadcrumb[] {
  return withRequestScope((scope) => {
    fn();
    const { items, start: from, end } = scope.snapshot().breadcrumbs;
    return items.slice(from, end);
  });
}

afterEach(async () => {
  setCurrentClient(undefined);
  await Promise.all(open.splice(0).map((client) => client.close()));
  vi.restoreAllMocks();
});

describe("Console", () => {
  test("makes breadcrumbs of what is written, and leaves the call as it is", () => {
    const written: unknown[][] = [];
    const spy = vi.spyOn(console, "log").mockImplementation(function (this: unknown, ...values) {
      written.push([this, ...values]);
      return "returned" as never;
    });
    start();
    const live = { order: 7 };
    let returned: unknown;

    const crumbs = crumbsIn(() => {
      returned = console.log("paid %s of %d%%", "a", 5, live);
    });

    expect(crumbs).toMatchObject([
      {
        category: "console",
        level: "info",
        message: 'paid a of 5% {"order":7}',
        timestamp: expect.any(Number),
      },
    ]);
    expect(written).toEqual([[console, "paid %s of %d%%", "a", 5, live]]);
    expect(written[0]?.[4]).toBe(live);
    expect(returned).toBe("returned");
    expect(console.log.name).toBe(spy.name);
  });

  test("knows how bad each line is", () => {
    const methods = ["debug", "log", "info", "warn", "error"] as const;
    for (const method of methods) vi.spyOn(console, method).mockReturnValue();
    start();

    const crumbs = crumbsIn(() => {
      for (const method of methods) console[method](method);
    });

    expect(crumbs.map(({ level, message }) => [message, level])).toEqual([
      ["debug", "debug"],
      ["log", "info"],
      ["info", "info"],
      ["warn", "warning"],
      ["error", "error"],
    ]);
  });

  test("survives anything that is written, and runs none of its code", () => {
    vi.spyOn(console, "log").mockReturnValue();
    start();
    const trap = (): never => {
      throw new Error("trap");
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const getter = Object.defineProperty(new Error("x"), "message", { get: trap });

    const crumbs = crumbsIn(() => {
      console.log();
      console.log("%s %d %c", Symbol("s"));
      console.log(proxy, new Proxy({}, { get: trap, ownKeys: trap }), getter);
      console.log({ toJSON: trap, toString: trap }, 5n, undefined, null);
      console.log(new TypeError("no"), "%s");
      console.log("%cred", "color: red", "rest");
    });

    expect(crumbs.map(({ message }) => message)).toEqual([
      "",
      "Symbol(s) %d %c",
      expect.stringContaining("[Proxy]"),
      expect.stringContaining(" 5 "),
      "TypeError: no %s",
      "red rest",
    ]);
  });

  test("keeps nothing of large values but a short text", () => {
    vi.spyOn(console, "log").mockReturnValue();
    start();

    const crumbs = crumbsIn(() => {
      console.log("x".repeat(5_000_000), Buffer.alloc(2_000_000, "y"), new Array(200_000).fill("z"));
    });

    expect(JSON.stringify(crumbs).length).toBeLessThan(2000);
  });

  test("is seen once, whatever the number of clients, and by the request's own", async () => {
    vi.spyOn(console, "log").mockReturnValue();
    const main = start();
    const tenant = new Client({ dsn: false, transport: recordingTransport() });
    const deaf = new Client({ dsn: false, transport: recordingTransport(), integrations: () => [] });
    open.push(tenant, deaf);
    const steps = (client: Client): number =>
      withRequestScope(
        (scope) => {
          console.log("step");
          return scope.snapshot().breadcrumbs.end;
        },
        { client },
      );

    expect([main, tenant, deaf].map(steps)).toEqual([1, 1, 0]);
  });

  test("does not go round in circles when beforeBreadcrumb writes to the console", () => {
    let written = 0;
    vi.spyOn(console, "log").mockImplementation(() => {
      written++;
    });
    start({
      beforeBreadcrumb: (crumb) => {
        console.log("a crumb");
        return crumb;
      },
    });

    expect(crumbsIn(() => console.log("step")).map(({ message }) => message)).toEqual(["step"]);
    expect(written).toBe(2);
  });

  test("does not hand what was written outside of requests to later ones", () => {
    vi.spyOn(console, "log").mockReturnValue();
    const client = start();
    console.log("by nobody knows whom");
    client.scope.addBreadcrumb({ message: "told" });

    expect(client.scope.snapshot().breadcrumbs.end).toBe(2);
    expect(crumbsIn(() => undefined).map(({ message }) => message)).toEqual(["told"]);
  });

  test("gives the console back, and leaves alone who came after", async () => {
    const original = console.log;
    const first = start();
    expect(console.log).not.toBe(original);
    await first.close();
    expect(console.log).toBe(original);

    const calls: unknown[] = [];
    vi.spyOn(console, "log").mockImplementation((value) => void calls.push(value));
    const second = start();
    const ours = console.log;
    const theirs = (value: unknown): void => ours(`theirs: ${value}`);
    console.log = theirs;
    await second.close();
    console.log("x");

    expect(console.log).toBe(theirs);
    expect(calls).toEqual(["theirs: x"]);
    console.log = original;
  });

  test("keeps a thousand requests at once apart", async () => {
    vi.spyOn(console, "log").mockReturnValue();
    start();
    const request = (n: number): Promise<(string | undefined)[]> =>
      withRequestScope(async (scope) => {
        console.log("begin", n);
        await new Promise((resolve) => setImmediate(resolve));
        if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, n % 7));
        console.log("end", n);
        return scope.snapshot().breadcrumbs.items.map(({ message }) => message);
      });

    const seen = await Promise.all(Array.from({ length: 1000 }, (_, n) => request(n)));

    expect(seen).toEqual(seen.map((_, n) => [`begin ${n}`, `end ${n}`]));
  });
});
