import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.useRealTimers();
  vi.resetModules();
});

const ALL = { toFake: ["setTimeout", "clearTimeout", "performance", "queueMicrotask"] } as const;

test.each(["before", "after"])(
  "systemClock runs under fake timers that were installed %s it",
  async (when) => {
    const install = (): unknown => vi.useFakeTimers({ toFake: [...ALL.toFake] });
    if (when === "before") install();
    const { afterStack, systemClock } = await import("./clock.js");
    if (when === "after") install();
    const startedAt = systemClock.monotonic();

    await new Promise<void>((resolve) => systemClock.schedule(resolve, 20, { keepAlive: true }));
    await new Promise<void>((resolve) => afterStack(resolve));

    expect(systemClock.monotonic() - startedAt).toBeGreaterThan(15);
  },
);

test("systemClock takes Node's timers from under the fakes that stand in node:timers too", async () => {
  const { default: timers } = await import("node:timers");
  const genuine = timers.setTimeout;
  const clock = { _setTimeout: genuine };
  const fake = Object.assign(
    () => {
      throw new Error("a fake timer was used");
    },
    { clock },
  );
  timers.setTimeout = fake as unknown as typeof genuine;
  try {
    const { systemClock } = await import("./clock.js");

    await new Promise<void>((resolve) => systemClock.schedule(resolve, 1, { keepAlive: true }));
  } finally {
    timers.setTimeout = genuine;
  }
});
