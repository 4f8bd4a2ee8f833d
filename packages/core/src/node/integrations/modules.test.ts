import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestClock } from "../../../test/support/clock.js";
import type { Clock } from "../../model/clock.js";
import type { Event } from "../../model/event.js";
import { modulesIntegration } from "./modules.js";

const event: Event = { event_id: "a".repeat(32), timestamp: 1, platform: "node" };
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "corvid-modules-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function install(folder: string, manifest: unknown): string {
  const path = join(root, folder);
  mkdirSync(path, { recursive: true });
  writeFileSync(
    join(path, "package.json"),
    typeof manifest === "string" ? manifest : JSON.stringify(manifest),
  );
  return path;
}

function modulesOf(loaded: () => readonly string[], clock: Clock = createTestClock()): Event["modules"][] {
  const integration = modulesIntegration(root, loaded, clock);
  const next = (): Event["modules"] => integration.process!(event, { originalException: undefined })?.modules;
  return [next(), next(), next()];
}

describe("Modules", () => {
  test("tells what is installed and asked for, and what was loaded", () => {
    install(".", { dependencies: { koa: "^3", "@acme/api": "1", missing: "1", broken: "1" } });
    install("node_modules/koa", { name: "koa", version: "3.3.0" });
    install("node_modules/@acme/api", { name: "@acme/api", version: "1.2.0" });
    install("node_modules/broken", "{");
    const nested = install("node_modules/koa/node_modules/ms", { name: "ms", version: "2.0.0" });
    const scoped = install("node_modules/@x/y", { name: "@x/y", version: "0.1.0" });

    const [modules] = modulesOf(() => [
      join(nested, "lib/index.js"),
      join(scoped, "index.js"),
      join(root, "src/app.js"),
    ]);

    expect(modules).toEqual({ koa: "3.3.0", "@acme/api": "1.2.0", ms: "2.0.0", "@x/y": "0.1.0" });
  });

  test("takes its time in small pieces", () => {
    const names = ["a", "b", "c"];
    install(".", { dependencies: Object.fromEntries(names.map((name) => [name, "1"])) });
    for (const name of names) install(`node_modules/${name}`, { name, version: "1.0.0" });
    let ms = 0;
    // Each look at the clock takes two milliseconds: two packages, then the time is over.
    const clock = { ...createTestClock(), monotonic: () => (ms += 2) };

    expect(modulesOf(() => [], clock).map((modules) => Object.keys(modules ?? {}))).toEqual([
      ["a"],
      ["a", "b"],
      ["a", "b", "c"],
    ]);
  });

  test("tells 8 KiB at most", () => {
    const names = Array.from({ length: 400 }, (_, n) => `package-with-a-long-name-${n}`);
    const files = names.map((name) =>
      join(install(`node_modules/${name}`, { name, version: "1.0.0" }), "index.js"),
    );

    const [modules] = modulesOf(() => files);

    const bytes = JSON.stringify(modules).length;
    expect(bytes).toBeGreaterThan(8000);
    expect(bytes).toBeLessThanOrEqual(8192);
  });

  test("looks again after a while, and leaves an event's own alone", () => {
    const loaded: string[] = [];
    const clock = createTestClock();
    const integration = modulesIntegration(root, () => loaded, clock);
    const hint = { originalException: undefined };
    expect(integration.process!(event, hint)).toBe(event);
    loaded.push(join(install("node_modules/late", { name: "late", version: "1.0.0" }), "index.js"));
    expect(integration.process!(event, hint)).toBe(event);
    clock.advance(60_000);

    expect(integration.process!(event, hint)?.modules).toEqual({ late: "1.0.0" });
    const own = { ...event, modules: { mine: "1" } };
    expect(integration.process!(own, hint)).toBe(own);
  });
});
