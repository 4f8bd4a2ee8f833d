import { type ReceivedEvent, startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, describe, expect, test } from "vitest";
import { withRequestScope } from "../src/context/current.js";
import type { Attachment } from "../src/model/event.js";
import { Client } from "../src/node/client.js";
import { createTestBench, expectBalance } from "./support/client.js";

const MIB = 1024 * 1024;
const file = (filename: string, bytes: number): Attachment => ({ filename, data: new Uint8Array(bytes) });

/** What left with the first event, and what was told to have been left behind. */
async function sent(
  attachments: readonly Attachment[],
  options = {},
): Promise<{ names: string[]; bytes: number; discarded: unknown }> {
  const { client, transport, arrived } = createTestBench({ ...options });
  client.captureException(new Error("x"), { attachments });
  await arrived();
  expectBalance(client);
  const files = transport.envelopes[0]!.attachments;
  const report = transport.envelopes.find(({ kind }) => kind === "client_report");
  return {
    names: files.map(({ filename }) => filename),
    bytes: files.reduce((sum, { data }) => sum + data.length, 0),
    discarded: report === undefined ? undefined : JSON.parse(report.payload).discarded_events,
  };
}

const discarded = (quantity: number): unknown => [
  { reason: "queue_overflow", category: "attachment", quantity },
];

describe("attachments", () => {
  test("that stay behind are marked on the event, and counted in stats()", async () => {
    const { client, arrived } = createTestBench({ maxAttachmentBytes: 10 });
    client.captureException(new Error("x"), {
      attachments: [
        { filename: "small", data: "1234" },
        { filename: "large", data: "x".repeat(11) },
      ],
    });
    const [event] = await arrived();

    expect(event!.contexts?.["attachments"]).toEqual({ bytes_left: 11, reason: "queue_overflow" });
    expect(client.stats().destinations).toMatchObject([{ attachmentBytesLeft: 11 }]);
  });

  test("are those of the scopes and the call, each once, as they were", async () => {
    const { client, transport, arrived } = createTestBench();
    const data = new Uint8Array([1, 2, 3]);
    const shared = new Uint8Array([4]);

    withRequestScope(
      (scope) => {
        scope.addAttachment({ filename: "scope.bin", data: shared });
        shared[0] = 9;
        client.captureException(new Error("x"), {
          attachments: [
            { filename: "call.bin", data },
            { filename: "note.txt", data: "text", contentType: "text/plain" },
          ],
        });
        data.fill(0);
      },
      { client },
    );
    await arrived();

    expect(transport.envelopes[0]?.attachments).toEqual([
      { filename: "scope.bin", data: new Uint8Array([4]) },
      { filename: "call.bin", data: new Uint8Array([1, 2, 3]) },
      { filename: "note.txt", data: "text", contentType: "text/plain" },
    ]);
  });

  test("too large by themselves stay behind, counted in bytes, and the event goes", async () => {
    expect(await sent([file("a", 100), file("b", 101), file("c", 50)], { maxAttachmentBytes: 100 })).toEqual({
      names: ["a", "c"],
      bytes: 150,
      discarded: discarded(101),
    });
  });

  test("are measured in bytes when they are texts", async () => {
    const text = { filename: "t", data: "é".repeat(60) };

    expect(await sent([text], { maxAttachmentBytes: 100 })).toMatchObject({
      names: [],
      discarded: discarded(120),
    });
  });

  test("larger than any server takes are not even copied", async () => {
    expect(await sent([file("huge", 21 * MIB), file("small", 1)])).toEqual({
      names: ["small"],
      bytes: 1,
      discarded: discarded(21 * MIB),
    });
  });

  test("too large together leave as many as fit", async () => {
    const files = [file("a", 9 * MIB), file("b", 9 * MIB), file("c", 9 * MIB), file("d", 1 * MIB)];

    expect(await sent(files, { queueBytes: 64 * MIB })).toEqual({
      names: ["a", "b", "d"],
      bytes: 19 * MIB,
      discarded: discarded(9 * MIB),
    });
  });

  test("too many leave the first thirty", async () => {
    const files = Array.from({ length: 100 }, (_, i) => file(`f${i}`, 10));

    const { names, discarded: told } = await sent(files);

    expect(names).toEqual(files.slice(0, 30).map(({ filename }) => filename));
    expect(told).toEqual(discarded(700));
  });

  test("that find no place in the queue cost themselves, not the event", async () => {
    const { client, transport, arrived } = createTestBench({ queueBytes: MIB, once: false });
    client.captureException(new Error("first"));
    client.captureException(new Error("second"), { attachments: [file("big", 2 * MIB)] });
    await arrived();

    expect(transport.events).toHaveLength(2);
    expect(client.stats().dropped).toEqual({});
    expect(transport.envelopes.flatMap(({ attachments }) => attachments)).toEqual([]);
  });

  test.each([
    ["no list", { 0: file("a", 1) }],
    ["no files", [null, 5, "text", {}, { filename: 5, data: "x" }, { filename: "x", data: {} }]],
    ["a proxy for bytes", [{ filename: "p", data: new Proxy(new Uint8Array(1), {}) }]],
    [
      "throwing getters",
      [
        Object.defineProperty({ filename: "g" }, "data", {
          get: () => {
            throw new Error("trap");
          },
        }),
      ],
    ],
  ])("that are %s are left out", async (_what, attachments) => {
    expect(await sent(attachments as never)).toEqual({ names: [], bytes: 0, discarded: undefined });
  });

  test("have a name without a path", async () => {
    const names = ["/etc/passwd", "C:\\logs\\a.log", "../", "plain"].map((name) => file(name, 1));

    expect((await sent(names)).names).toEqual(["passwd", "a.log", "attachment", "plain"]);
  });
});

describe("attachments on the wire", () => {
  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.close();
  });

  test("follow their event, byte for byte", async () => {
    server = await startTestServer();
    const client = new Client({ dsn: server.dsn });
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);

    client.captureException(new Error("x"), { attachments: [{ filename: "all.bin", data }] });
    expect(await client.close()).toBe(true);

    const [received] = server.events() as readonly ReceivedEvent[];
    expect(received?.attachments.map(({ filename, data: bytes }) => [filename, [...bytes]])).toEqual([
      ["all.bin", [...data]],
    ]);
    expect(server.problems()).toEqual([]);
  });
});
