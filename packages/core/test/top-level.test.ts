import {
  addBreadcrumb,
  Client,
  captureEvent,
  captureException,
  captureMessage,
  close,
  flush,
  getScope,
  init,
  lastEventId,
  setContext,
  setExtra,
  setFingerprint,
  setLevel,
  setTag,
  setTransaction,
  setUser,
  withRequestScope,
  withScope,
} from "@corvid/core";
import { type RecordingTransport, recordingTransport, withCapturedEvents } from "@corvid/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let transport: RecordingTransport;

beforeEach(() => {
  transport = recordingTransport();
});

afterEach(async () => {
  await close();
  getScope().clear();
});

describe("without a client", () => {
  test("every function is a quiet no-op", async () => {
    expect(captureException(new Error("x"))).toBe("0".repeat(32));
    expect(captureMessage("x")).toBe("0".repeat(32));
    expect(captureEvent({})).toBe("0".repeat(32));
    expect(await flush()).toBe(true);
    expect(await close()).toBe(true);
  });

  test("init() without a DSN is one too", async () => {
    const client = init();

    expect(captureException(new Error("x"))).toMatch(/^[0-9a-f]{32}$/);
    expect(client.enabled).toBe(false);
    expect(client.stats()).toMatchObject({ captured: 0, queued: 0 });
  });
});

describe("init()", () => {
  test("makes a client the current one, and the next one takes over without losing anything", async () => {
    const first = init({ dsn: false, transport });
    captureMessage("to the first");
    const second = recordingTransport();
    init({ dsn: false, transport: second });
    captureMessage("to the second");

    await Promise.all([first.close(), flush()]);
    expect(transport.events.map(({ message }) => message)).toEqual(["to the first"]);
    expect(second.events.map(({ message }) => message)).toEqual(["to the second"]);
  });

  test("close() leaves no current client, and a client of one's own does not touch it", async () => {
    const current = init({ dsn: false, transport });
    const own = new Client({ dsn: false, transport: recordingTransport() });
    await own.close();
    captureMessage("still here");
    await close();
    captureMessage("gone");

    expect(transport.events).toHaveLength(1);
    expect(current.stats().captured).toBe(1);
  });
});

describe("setters", () => {
  test("write the scope of the request, and an event carries all of it", async () => {
    init({ dsn: false, transport });
    withRequestScope(() => {
      setTag("a", 1);
      setExtra("b", new Map([["k", 1]]));
      setContext("order", { id: 5 });
      setUser({ id: 7, plan: "pro" });
      setFingerprint(["mine", "{{ default }}"]);
      setTransaction("job");
      setLevel("warning");
      addBreadcrumb({ message: "step", category: "test", data: { n: 1 } });
      withScope((scope) => {
        scope.setTag("inner", true);
      });
      captureException(new Error("x"));
    });
    captureMessage("outside");
    await flush();

    expect(transport.events[0]).toMatchObject({
      tags: { a: "1" },
      contexts: { order: { id: 5 } },
      user: { id: "7", data: { plan: "pro" } },
      fingerprint: ["mine", "{{ default }}"],
      transaction: "job",
      level: "warning",
      breadcrumbs: [{ message: "step", category: "test", data: { n: 1 }, timestamp: expect.any(Number) }],
    });
    expect(transport.events[0]?.tags).not.toHaveProperty("inner");
    expect(transport.events[1]).not.toHaveProperty("user");
    expect(transport.events[1]).not.toHaveProperty("breadcrumbs");
  });

  test("take anything and never throw", async () => {
    init({ dsn: false, transport });
    const trap = (): never => {
      throw new Error("trap");
    };
    const hostile = new Proxy({}, { get: trap, ownKeys: trap });
    for (const value of [
      undefined,
      null,
      5,
      Symbol("s"),
      hostile,
      { toString: trap },
      [hostile],
    ] as never[]) {
      for (const set of [setTag, setExtra, setContext]) set(value, value);
      for (const set of [setUser, setFingerprint, setTransaction, setLevel, addBreadcrumb]) set(value);
    }
    captureMessage("alive");

    expect(await flush()).toBe(true);
    expect(transport.events[0]?.message).toBe("alive");
  });

  test("forget what is set to null", async () => {
    init({ dsn: false, transport });
    setTag("a", 1);
    setTag("a", null);
    setUser({ id: 1 });
    setUser(null);
    captureMessage("x");
    await flush();

    expect(transport.events[0]).not.toHaveProperty("tags");
    expect(transport.events[0]).not.toHaveProperty("user");
  });
});

describe("withRequestScope()", () => {
  test("follows asynchronous work, and may have a client of its own", async () => {
    init({ dsn: false, transport });
    const tenant = recordingTransport();
    const client = new Client({ dsn: false, transport: tenant });
    const result = await withRequestScope(
      async () => {
        setTag("tenant", "a");
        await new Promise((resolve) => setTimeout(resolve, 1));
        captureMessage("to the tenant");
        return lastEventId();
      },
      { client },
    );
    await Promise.all([client.close(), flush()]);

    expect(tenant.events).toMatchObject([{ event_id: result, tags: { tenant: "a" } }]);
    expect(transport.events).toEqual([]);
    expect(lastEventId()).not.toBe(result);
  });
});

describe("beforeBreadcrumb", () => {
  test("changes or drops crumbs; one that fails drops them", async () => {
    init({
      dsn: false,
      transport,
      beforeBreadcrumb: (crumb) => {
        if (crumb.message === "throw") throw new Error("hook");
        return crumb.message === "drop" ? null : { ...crumb, category: "seen" };
      },
    });
    for (const message of ["keep", "drop", "throw"]) addBreadcrumb({ message });
    captureMessage("x");
    await flush();

    expect(transport.events[0]?.breadcrumbs).toMatchObject([{ message: "keep", category: "seen" }]);
  });
});

describe("withCapturedEvents()", () => {
  test("gives what a piece of code reports, and leaves the client before in place", async () => {
    init({ dsn: false, transport });

    const events = await withCapturedEvents(async () => {
      setTag("inside", "yes");
      captureException(new Error("seen by the test"));
    });
    captureMessage("seen by the application");
    await flush();

    expect(events).toMatchObject([
      { exception: { values: [{ value: "seen by the test" }] }, tags: { inside: "yes" } },
    ]);
    expect(transport.events).toMatchObject([{ message: "seen by the application" }]);
    expect(transport.events[0]).not.toHaveProperty("tags");
  });
});
