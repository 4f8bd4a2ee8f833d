import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { runDetached } from "./detached.js";

test("runDetached() runs tasks outside of the request that asks for them, and answers within it", async () => {
  const storage = new AsyncLocalStorage<string>();
  const look = async (): Promise<string | undefined> => storage.getStore();

  const seen = await storage.run("request 1", async () => {
    const both = await Promise.all([runDetached(look), runDetached(look)]);
    return [...both, storage.getStore(), await runDetached(look)];
  });

  expect(seen).toEqual([undefined, undefined, "request 1", undefined]);
});

test("runDetached() rejects with what its task rejects with, and goes on", async () => {
  const failure = new Error("refused");

  await expect(runDetached(() => Promise.reject(failure))).rejects.toBe(failure);
  expect(await runDetached(async () => 1)).toBe(1);
});
