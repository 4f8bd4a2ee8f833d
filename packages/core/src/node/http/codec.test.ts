import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { createProgram, ended } from "../../../test/support/child.js";
import { OptionsError } from "../../model/option-checks.js";
import type { Envelope } from "../../transport/envelope.js";
import type { HttpAnswer } from "../../transport/http-answer.js";
import type { SendResult } from "../../transport/transport.js";
import { Client } from "../client.js";
import { type HttpTransportOptions, httpTransport } from "./destination.js";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A bulk endpoint as log stores have it: lines of an action and a document, and a verdict for each document. */
interface BulkServer {
  readonly url: string;
  readonly documents: Record<string, unknown>[];
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly documents: number }[];
  /** Status of a document, by its message. */
  readonly statuses: Map<string, number>;
}

async function startBulkServer(): Promise<BulkServer> {
  const state = { documents: [], requests: [], statuses: new Map() } as unknown as BulkServer;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString();
    const documents = text
      .trimEnd()
      .split("\n")
      .filter((_, index) => index % 2 === 1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    state.requests.push({ headers: request.headers, documents: documents.length });
    const items = documents.map((document) => {
      const status = state.statuses.get(String(document["text"])) ?? 201;
      if (status < 300) state.documents.push(document);
      return { create: { status } };
    });
    response.end(JSON.stringify({ errors: items.some(({ create }) => create.status >= 300), items }));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  undo.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/_bulk` });
}

function bulk(url: string, more: HttpTransportOptions = {}): HttpTransportOptions {
  return {
    url,
    headers: { authorization: "ApiKey secret" },
    maxBatch: 50,
    encode: (batch: readonly Envelope[]) => ({
      contentType: "application/x-ndjson",
      body: batch
        .map((envelope) => {
          const text = JSON.parse(envelope.payload).exception.values.at(-1).value;
          return `{"create":{}}\n${JSON.stringify({ id: envelope.id, text })}\n`;
        })
        .join(""),
    }),
    read({ status, body }: HttpAnswer, batch: readonly Envelope[]): readonly SendResult[] {
      if (status !== 200) return batch.map(() => ({ kind: "retry", detail: String(status) }));
      const { items } = JSON.parse(body) as { items: { create: { status: number } }[] };
      return items.map(({ create }) => {
        if (create.status < 300) return { kind: "accepted" };
        return { kind: create.status === 429 ? "retry" : "refused", detail: `item: ${create.status}` };
      });
    },
    ...more,
  };
}

function clientOf(options: HttpTransportOptions): Client {
  const client = new Client({
    dsn: false,
    integrations: [],
    once: false,
    transport: httpTransport(options),
    shutdownTimeoutMs: 0,
  });
  undo.push(() => client.close(0));
  return client;
}

describe("httpTransport() with a codec", () => {
  test("posts batches with their headers, and reads a verdict for each envelope", async () => {
    const server = await startBulkServer();
    server.statuses.set("too strange", 400);
    const client = clientOf(bulk(server.url));
    for (const text of ["one", "too strange", "three"]) client.captureException(new Error(text));

    await client.flush(5000);
    expect(server.documents.map(({ text }) => text).toSorted()).toEqual(["one", "three"]);
    expect(server.requests[0]!.headers).toMatchObject({
      authorization: "ApiKey secret",
      "content-type": "application/x-ndjson",
    });
    expect(client.stats().destinations).toMatchObject([
      { name: `http:${new URL(server.url).host}`, offered: 3, delivered: 2, dropped: { send_error: 1 } },
    ]);
  });

  test("tries again the envelopes that were not taken, and no other", async () => {
    const server = await startBulkServer();
    server.statuses.set("busy", 429);
    const client = clientOf(bulk(server.url));
    client.captureException(new Error("fine"));
    client.captureException(new Error("busy"));
    await client.flush(500);
    expect(server.documents.map(({ text }) => text)).toEqual(["fine"]);
    server.statuses.clear();
    await client.flush(5000);

    expect(server.documents.map(({ text }) => text)).toEqual(["fine", "busy"]);
    expect(client.stats().destinations[0]).toMatchObject({ delivered: 2, dropped: {} });
  });

  test.each<[number, string | undefined]>([
    [0, "gzip"],
    [Number.POSITIVE_INFINITY, undefined],
  ])("compresses above %d bytes", async (compressAboveBytes, encoding) => {
    const server = await startBulkServer();
    const client = clientOf(bulk(server.url, { compressAboveBytes }));
    client.captureException(new Error("one"));
    await client.flush(5000);

    expect(server.requests[0]!.headers["content-encoding"]).toBe(encoding);
    expect(server.documents).toHaveLength(1);
  });

  test("keeps a request below maxBatchBytes", async () => {
    const server = await startBulkServer();
    const client = clientOf(bulk(server.url, { maxBatchBytes: 1 }));
    for (let count = 0; count < 20; count++) client.captureException(new Error(`number ${count}`));
    await client.flush(5000);

    expect(server.documents).toHaveLength(20);
    expect(server.requests.every(({ documents }) => documents === 1)).toBe(true);
  });

  test("delivers when the process ends, with a verdict for each envelope", async () => {
    const server = await startBulkServer();
    server.statuses.set("too strange", 400);
    const program = await createProgram(`
import { httpTransport, init, captureException } from "./index.js";
const bulk = (${bulk.toString()});
const client = init({ dsn: false, once: false, transport: httpTransport(bulk(process.argv[2])) });
for (const text of ["one", "too strange", "three"]) captureException(new Error(text));
process.exit(3);
`);
    undo.push(() => program.remove());
    const { code, err } = await ended(program.start([server.url]));

    expect({ code, err }).toEqual({ code: 3, err: "" });
    expect(server.documents.map(({ text }) => text).toSorted()).toEqual(["one", "three"]);
    expect(server.requests).toHaveLength(1);
  });
});

test.each<[string, unknown]>([
  ["httpTransport.encode", { url: "http://logs.example" }],
  ["httpTransport.url", { encode: () => ({ body: "", contentType: "text/plain" }) }],
  ["httpTransport.url", { url: "logs.example", encode: () => ({ body: "", contentType: "text/plain" }) }],
  ["httpTransport.maxBatch", { maxBatch: 0 }],
  ["httpTransport.kinds", { kinds: ["events"] }],
  ["httpTransport.compressAboveBytes", { compressAboveBytes: -1 }],
])("httpTransport() names an option that cannot be used: %s", (option, options) => {
  expect(() => httpTransport(options as HttpTransportOptions)).toThrow(OptionsError);
  expect(() => httpTransport(options as HttpTransportOptions)).toThrow(option);
});
