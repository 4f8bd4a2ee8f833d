import { Agent, request as httpRequest } from "node:http";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import {
  eventEnvelope,
  eventItem,
  HEADERS,
  MOMENT,
  post,
  postEvent,
  sampleEnvelope,
  sampleEvent,
  sampleHeader,
} from "../test/sample.js";
import { startTestServer, type TestServer, type TestServerOptions } from "./index.js";

let server: TestServer;
const start = async (options: TestServerOptions = {}): Promise<TestServer> => {
  server = await startTestServer({ now: () => MOMENT, ...options });
  return server;
};
afterEach(() => server?.close());

const refused = (detail: string) => ({ detail: expect.stringContaining(detail) });

describe("startTestServer()", () => {
  test("takes an event and hands it over as it came", async () => {
    await start();
    const event = sampleEvent();
    const attachment = {
      header: { type: "attachment", filename: "a.bin", content_type: "image/png" },
      payload: Buffer.from([0, 10, 255]),
    };
    const answer = await post(server, eventEnvelope(event, attachment));

    expect([answer.status, await answer.json()]).toEqual([200, { id: event.event_id }]);
    expect(server.problems()).toEqual([]);
    expect(server.events()).toEqual([
      {
        id: event.event_id,
        event,
        project: "1",
        envelopeHeader: sampleHeader(event.event_id),
        attachments: [
          {
            filename: "a.bin",
            contentType: "image/png",
            attachmentType: "event.attachment",
            data: Buffer.from([0, 10, 255]),
          },
        ],
        via: "envelope",
        receivedAt: MOMENT,
        requestIndex: 0,
      },
    ]);
  });

  test("has a DSN for every project", async () => {
    await start();

    expect(server.dsn).toBe(`http://c0ffeec0ffeec0ffeec0ffeec0ffee00@127.0.0.1:${server.port}/1`);
    expect(server.dsnFor("a/b")).toMatch(/\/a%2Fb$/);
    await post(server, eventEnvelope(sampleEvent()), HEADERS, "/api/a%2Fb/envelope");
    expect(server.events()[0]!.project).toBe("a/b");
  });

  test("listens on IPv6's loopback when asked", async () => {
    await start({ host: "::1" });

    expect((await postEvent(server)).status).toBe(200);
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test("refuses to listen beyond this machine", async () => {
    await expect(startTestServer({ host: "0.0.0.0" as "127.0.0.1" })).rejects.toThrow(
      'host: expected "127.0.0.1" or "::1", received "0.0.0.0"',
    );
  });

  test("rejects when the port is taken", async () => {
    await start();

    await expect(startTestServer({ port: server.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("takes the legacy endpoint", async () => {
    await start();
    const answer = await post(server, JSON.stringify(sampleEvent()), HEADERS, "/api/1/store/");

    expect(await answer.json()).toEqual({ id: sampleEvent().event_id });
    expect(server.events()[0]).toMatchObject({ via: "store", envelopeHeader: {} });
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ])("reads %s", async (encoding, compress) => {
    await start();
    const body = compress(eventEnvelope(sampleEvent()));
    const answer = await post(server, body, { ...HEADERS, "content-encoding": encoding });

    expect(answer.status).toBe(200);
    expect(server.requests()[0]).toMatchObject({ bytes: body.length, status: 200 });
  });

  test.each([
    ["deflate", deflateRawSync(eventEnvelope(sampleEvent())), "not valid deflate"],
    ["gzip", eventEnvelope(sampleEvent()), "not valid gzip"],
    ["gzip", gzipSync(eventEnvelope(sampleEvent())).subarray(0, 60), "not valid gzip"],
    ["zstd", eventEnvelope(sampleEvent()), "expected gzip, deflate, br or identity"],
    ["constructor", eventEnvelope(sampleEvent()), "expected gzip, deflate, br or identity"],
  ])("answers 400 to a broken %s body", async (encoding, body, detail) => {
    await start();
    const answer = await post(server, body, { ...HEADERS, "content-encoding": encoding });

    expect([answer.status, await answer.json()]).toEqual([400, refused(detail)]);
    expect(server.problems()).toEqual([{ kind: "refused", detail: expect.stringContaining(detail) }]);
  });

  test("answers 413 to what unfolds beyond the limit", async () => {
    await start();
    const answer = await post(server, gzipSync(Buffer.alloc(101 * 1024 * 1024)), {
      ...HEADERS,
      "content-encoding": "gzip",
    });

    expect(answer.status).toBe(413);
  });

  test("answers 413 to a body, an event or a number of items beyond the limit", async () => {
    await start({ limits: { bodyBytes: 2000, eventBytes: 1000 } });
    const [one, two] = [sampleEvent(1), sampleEvent(2)];
    const bodies = [
      eventEnvelope(sampleEvent(1, { extra: { a: "x".repeat(3000) } })),
      eventEnvelope(sampleEvent(1, { extra: { a: "x".repeat(1000) } })),
      sampleEnvelope(sampleHeader(one.event_id), eventItem(one), eventItem(two)),
    ];
    const answers = await Promise.all(bodies.map(async (body) => post(server, body)));

    expect(answers.map(({ status }) => status)).toEqual([413, 413, 413]);
    expect(server.events()).toEqual([]);
  });

  test.each([
    [400, "event_id", sampleEnvelope(sampleHeader(), eventItem(sampleEvent()))],
    [400, "event_id", sampleEnvelope(sampleHeader("12"), eventItem(sampleEvent()))],
    [400, "must be a JSON object", sampleEnvelope(sampleHeader(sampleEvent().event_id), eventItem([]))],
    [400, "not valid JSON", Buffer.from("nothing")],
    [
      400,
      "nested deeper",
      sampleEnvelope(sampleHeader(sampleEvent().event_id), {
        header: { type: "event" },
        payload: `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      }),
    ],
  ])("answers %i (%s)", async (status, detail, body) => {
    await start();
    const answer = await post(server, body);

    expect([answer.status, await answer.json()]).toEqual([status, refused(detail)]);
    expect(server.events()).toEqual([]);
  });

  test("answers 401, 404 and 405", async () => {
    await start();
    const body = eventEnvelope(sampleEvent());

    expect((await post(server, body, {})).status).toBe(401);
    expect((await post(server, body, HEADERS, "/api/1/elsewhere/")).status).toBe(404);
    expect((await fetch(`${server.url}/api/1/envelope/`)).status).toBe(405);
    expect((await post(server, body, HEADERS, "/api/%ff/envelope/")).status).toBe(400);
  });

  test("accepts a known event again, keeps it once and counts it", async () => {
    await start();
    await postEvent(server);
    const answer = await postEvent(server);

    expect(answer.status).toBe(200);
    expect([server.events().length, server.duplicates()]).toEqual([1, 1]);
  });

  test("notes a failing schema, and refuses it when strict", async () => {
    await start();
    await postEvent(server, 1, { colour: "red" });
    expect(server.problems()).toEqual([
      { kind: "schema", detail: expect.stringContaining("colour"), eventId: sampleEvent().event_id },
    ]);
    await server.close();

    await start({ strict: true });
    expect((await postEvent(server, 1, { colour: "red" })).status).toBe(400);
    expect(server.events()).toEqual([]);
  });

  test("reads client reports, keeps other items, and notes unknown ones", async () => {
    await start();
    const discarded = [{ reason: "queue_overflow", category: "error", quantity: 3 }];
    const report = { timestamp: MOMENT / 1000, discarded_events: discarded };
    const answer = await post(
      server,
      sampleEnvelope(
        sampleHeader(),
        { header: { type: "client_report" }, payload: JSON.stringify(report) },
        { header: { type: "check_in" }, payload: "{}" },
        { header: { type: "mood" }, payload: "good" },
      ),
    );

    expect(await answer.json()).toEqual({});
    expect(server.reports()).toEqual([{ ...report, project: "1", receivedAt: MOMENT, requestIndex: 0 }]);
    expect(server.items().map(({ type, payload }) => [type, payload.toString()])).toEqual([
      ["check_in", "{}"],
      ["mood", "good"],
    ]);
    expect(server.problems()).toEqual([{ kind: "unknown-item", detail: 'item type "mood"' }]);
  });

  test("forgets the oldest events beyond its limits", async () => {
    await start({ maxEvents: 8 });
    for (let number = 1; number <= 20; number++) await postEvent(server, number);

    expect(server.events().length).toBeLessThanOrEqual(8);
    expect(server.events().at(-1)!.id).toBe(sampleEvent(20).event_id);
  });

  test("counts connections", async () => {
    await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let number = 1; number <= 3; number++) await postOver(agent, number);

    expect(server.connections()).toEqual({ total: 1, open: 1, peak: 1 });
    expect(server.requests().map(({ connection }) => connection)).toEqual([1, 1, 1]);
    agent.destroy();
  });

  test("clear() forgets everything", async () => {
    await start();
    await postEvent(server);
    server.pushFaults({ kind: "hang" });
    server.clear();

    expect([server.events(), server.requests(), server.problems(), server.groups()]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect((await postEvent(server)).status).toBe(200);
    expect(server.requests()[0]!.index).toBe(0);
  });
});

describe("waitForEvents()", () => {
  test("resolves at once, or as soon as enough have arrived", async () => {
    await start();
    const waiting = server.waitForEvents((events) => events.some(({ event }) => event.environment === "b"));
    await postEvent(server, 1, { environment: "a" });
    await postEvent(server, 2, { environment: "b" });

    expect(await waiting).toHaveLength(2);
    expect(await server.waitForEvents(1)).toHaveLength(2);
  });

  test("rejects telling what did arrive", async () => {
    await start();
    await postEvent(server, 1, { level: "bad" });

    await expect(server.waitForEvents(2, 1)).rejects.toThrow(
      /^2 events did not arrive within 1 ms; arrived: 1 events \(Error: café\); 1 requests \(POST \/api\/1\/envelope\/ 200\); \d problems \(field: level/,
    );
  });

  test("rejects when the server is closed, and when the condition throws", async () => {
    await start();
    const waiting = server.waitForEvents(1);
    const throwing = server.waitForEvents((events) => {
      if (events.length > 0) throw new Error("bad condition");
      return false;
    });
    const outcome = Promise.all([
      expect(waiting.then(() => server.waitForEvents(2))).rejects.toThrow("before the server was closed"),
      expect(throwing).rejects.toThrow("bad condition"),
    ]);
    await postEvent(server);
    await server.close();

    await outcome;
  });
});

describe("onEvent()", () => {
  test("tells each event until it is ended, and survives a listener that throws", async () => {
    await start();
    const seen: string[] = [];
    const end = server.onEvent(({ id }) => {
      seen.push(id);
      throw new Error("listener");
    });
    expect((await postEvent(server, 1)).status).toBe(200);
    end();
    await postEvent(server, 2);

    expect(seen).toEqual([sampleEvent(1).event_id]);
  });
});

function postOver(agent: Agent, number: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}/api/1/envelope/`, { method: "POST", agent, headers: HEADERS });
    request.once("error", reject);
    request.once("response", (response) => response.resume().once("end", resolve));
    request.end(eventEnvelope(sampleEvent(number)));
  });
}
