import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventEnvelope, post, postEvent, sampleEvent } from "../test/sample.js";
import { type ReceivedEvent, startTestServer } from "./index.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-test-server-"));
  file = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a server on the file, posts events of these numbers, and gives back what it knew at the end. */
async function session(...numbers: readonly number[]) {
  const server = await startTestServer({ file });
  try {
    for (const number of numbers) await postEvent(server, number);
    return { events: server.events(), problems: server.problems(), duplicates: server.duplicates() };
  } finally {
    await server.close();
  }
}

const ids = (events: readonly ReceivedEvent[]) => events.map(({ id }) => Number.parseInt(id, 16));

describe("startTestServer({ file })", () => {
  test("keeps events across restarts, attachments too", async () => {
    const server = await startTestServer({ file });
    const attachment = { header: { type: "attachment", filename: "a" }, payload: Buffer.from([0, 10, 255]) };
    await post(server, eventEnvelope(sampleEvent(1, { extra: { a: "line\u2028\n" } }), attachment));
    const [before] = server.events();
    await server.close();
    const { events, duplicates } = await session(2, 1);

    expect(events[0]).toEqual({ ...before, requestIndex: -1 });
    expect([ids(events), duplicates]).toEqual([[1, 2], 1]);
  });

  test("reads as many events as were written, whatever the sizes of their lines", async () => {
    const server = await startTestServer({ file });
    for (let number = 1; number <= 12; number++) {
      await postEvent(server, number, { extra: { a: "x".repeat(number * 16_000) } });
    }
    await server.close();

    expect(ids((await session()).events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test("skips a torn last line, and goes on behind it", async () => {
    await session(1, 2);
    truncateSync(file, statSync(file).size - 20);
    const { events, problems } = await session(3);

    expect(ids(events)).toEqual([1, 3]);
    expect(problems).toEqual([{ kind: "file", detail: expect.stringContaining("1 line of ") }]);
    expect(ids((await session()).events)).toEqual([1, 3]);
  });

  test("skips damaged lines", async () => {
    await session(1);
    appendFileSync(file, '\n\n{"id":7}\nnull\n\0\0\0\n');

    expect(ids((await session(2)).events)).toEqual([1, 2]);
  });

  test("does not touch a file that holds something else", async () => {
    writeFileSync(file, "My diary\n");

    await expect(startTestServer({ file })).rejects.toThrow(/holds no events: is it the right file\?/);
    expect(readFileSync(file, "utf8")).toBe("My diary\n");
  });

  test("rejects when the file cannot be opened", async () => {
    await expect(startTestServer({ file: join(folder, "missing", "events") })).rejects.toMatchObject({
      code: "ENOENT",
    });
  });

  test("stops writing at maxFileBytes and says so once", async () => {
    const server = await startTestServer({ file, maxFileBytes: 100 });
    for (let number = 1; number <= 4; number++) await postEvent(server, number);
    await server.close();

    expect(server.events()).toHaveLength(4);
    expect(server.problems().filter(({ kind }) => kind === "file")).toHaveLength(1);
    expect(ids((await session()).events)).toEqual([1]);
  });

  test("clear() empties it", async () => {
    const server = await startTestServer({ file });
    await postEvent(server, 1);
    server.clear();
    await postEvent(server, 2);
    await server.close();

    expect(ids((await session()).events)).toEqual([2]);
  });

  test("is readable by its owner alone", async () => {
    await session(1);

    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
