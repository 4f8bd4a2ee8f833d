import type { EventEmitter } from "node:events";
import { constants } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asOurs } from "../exit/our-listener.js";
import { hearSignals } from "./run-signals.js";

const heard: string[] = [];
let before: readonly unknown[];
let stop: () => void;
const added: (() => unknown)[] = [];

beforeEach(() => {
  heard.length = 0;
  before = process.listeners("SIGHUP");
  stop = hearSignals((name) => void heard.push(name));
});
afterEach(() => {
  stop();
  for (const listener of added.splice(0)) process.off("SIGHUP", listener);
  expect(process.listeners("SIGHUP")).toEqual(before);
});

function listen<Listener extends () => unknown>(
  listener: Listener,
  add: "on" | "once" | "prependListener" = "on",
): Listener {
  added.push(listener);
  process[add]("SIGHUP", listener);
  return listener;
}

/** Does what Node does when the signal arrives. */
function arrive(): void {
  (process as EventEmitter).emit("SIGHUP", "SIGHUP", constants.signals.SIGHUP);
}

const turn = (): Promise<void> => new Promise((resolve) => void process.nextTick(resolve));
const count = (): number => process.listenerCount("SIGHUP") - before.length;

describe("hearSignals()", () => {
  test("does not listen where nobody does, or only Corvid", async () => {
    expect(count()).toBe(0);
    listen(asOurs(() => undefined));
    await turn();

    expect(count()).toBe(1);
  });

  test("hears the first signal, before the application does", async () => {
    listen(() => heard.push("the application"));
    await turn();
    arrive();
    arrive();

    expect(heard).toEqual(["SIGHUP", "the application", "the application"]);
  });

  test("is not to be seen by those who handle it, nor later", async () => {
    const counts: number[] = [];
    listen(() => counts.push(count()));
    await turn();
    expect(count()).toBe(2);
    listen(() => counts.push(count()), "prependListener");
    await turn();
    arrive();
    await turn();
    listen(() => undefined);
    await turn();

    expect(counts).toEqual([2, 2]);
    expect(count()).toBe(3);
  });

  test("leaves with the last listener of the application, in the same moment", async () => {
    const [one, two] = [listen(() => undefined), listen(() => undefined)];
    await turn();
    process.off("SIGHUP", one);
    expect(count()).toBe(1);
    await turn();
    expect(count()).toBe(2);

    process.off("SIGHUP", two);
    expect(count()).toBe(0);
    await turn();
    expect(count()).toBe(0);
  });

  test("leaves with a listener that is called once", async () => {
    listen(() => heard.push(`${count()} listeners`), "once");
    await turn();
    arrive();

    expect(heard).toEqual(["SIGHUP", "0 listeners"]);
  });

  test("takes what the application emits for no signal, and stays", async () => {
    listen(() => heard.push(`${count()} listener`));
    await turn();
    (process as EventEmitter).emit("SIGHUP");
    await turn();
    expect(heard).toEqual(["1 listener"]);

    arrive();
    expect(heard).toEqual(["1 listener", "SIGHUP", "1 listener"]);
  });

  test("never is the eleventh listener, nor the tenth", async () => {
    const most = process.getMaxListeners() - before.length;
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    for (let n = 1; n <= most; n++) {
      listen(() => n);
      await turn();
      expect(count()).toBe(n <= most - 2 ? n + 1 : n);
    }
    await new Promise((resolve) => setImmediate(resolve));

    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  test("is gone for good when an application takes all listeners away and puts them back", async () => {
    listen(() => undefined);
    await turn();
    const all = process.listeners("SIGHUP") as (() => void)[];
    process.removeAllListeners("SIGHUP");
    for (const listener of all) process.on("SIGHUP", listener);
    await turn();
    stop();

    expect(count()).toBe(1);
  });

  test("survives an application that emits anything", () => {
    (process as EventEmitter).emit("newListener", "SIGHUP", undefined);

    expect(count()).toBe(0);
  });
});
