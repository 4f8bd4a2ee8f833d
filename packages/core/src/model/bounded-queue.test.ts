import { describe, expect, test } from "vitest";
import { BoundedQueue } from "./bounded-queue.js";

const item = (bytes: number, name = ""): { bytes: number; name: string } => ({ bytes, name });

describe("BoundedQueue", () => {
  test("gives items back in the order they came", () => {
    const queue = new BoundedQueue<{ bytes: number; name: string }>(1000);
    for (let n = 0; n < 90; n++) queue.push(item(1, `${n}`));

    const taken = Array.from({ length: 90 }, () => queue.shift()?.name);

    expect(taken).toEqual(Array.from({ length: 90 }, (_, n) => `${n}`));
    expect(queue.shift()).toBeUndefined();
  });

  test("is full by bytes, and has room again when they are taken", () => {
    const queue = new BoundedQueue<{ bytes: number }>(100);
    queue.push(item(60));

    expect(queue.push(item(60))).toBe(false);
    queue.shift();
    expect(queue.push(item(60))).toBe(true);
    expect(queue.bytes).toBe(60);
  });

  test("takes one item of any size when it is empty", () => {
    expect(new BoundedQueue<{ bytes: number }>(100).push(item(1000))).toBe(true);
  });
});
