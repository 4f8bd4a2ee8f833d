import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventEnvelope, MOMENT, post, postEvent, sampleEvent } from "../test/sample.js";
import { startTestServer, type TestServer } from "./index.js";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ now: () => MOMENT });
});
afterEach(() => server.close());

const api = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${server.url}/api/0/${path}`, init);
const get = async (path: string): Promise<unknown> => (await api(path)).json();
const json = { "content-type": "application/json" };

const summary = (number: number) => ({
  id: sampleEvent(number).event_id,
  group: server.groups()[0]!.id,
  project: "1",
  type: "Error",
  value: "café",
  level: "error",
  count: 1,
  receivedAt: MOMENT,
});

describe("GET /api/0/", () => {
  test("events lists them, the newest first, page by page", async () => {
    for (let number = 1; number <= 4; number++) await postEvent(server, number);

    expect(await get("events?limit=2&offset=1")).toEqual([summary(3), summary(2)]);
    expect((await api("events?limit=all")).status).toBe(400);
  });

  test("events/:id gives one whole event, its attachments by size", async () => {
    const attachment = {
      header: { type: "attachment", filename: "page.html", content_type: "text/html" },
      payload: "<b>",
    };
    await post(server, eventEnvelope(sampleEvent(), attachment));
    const { id, event, project, envelopeHeader, via, receivedAt } = server.events()[0]!;
    const attachments = [
      { filename: "page.html", contentType: "text/html", attachmentType: "event.attachment", bytes: 3 },
    ];

    const expected = {
      id,
      event,
      project,
      envelopeHeader,
      via,
      receivedAt,
      attachments,
      group: server.groups()[0]!.id,
    };
    expect(await get(`events/${id}`)).toEqual(expected);
  });

  test("events/:id/attachments/:n never runs in a browser", async () => {
    const header = { type: "attachment", filename: '"\r\né\ud800.html', content_type: "text/html" };
    await post(server, eventEnvelope(sampleEvent(), { header, payload: "<script>" }));
    const answer = await api(`events/${sampleEvent().event_id}/attachments/0`);

    expect(await answer.text()).toBe("<script>");
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(answer.headers.get("content-disposition")).toMatch(
      /^attachment; filename\*=UTF-8''%22%0D%0A%C3%A9/,
    );
    expect((await api(`events/${sampleEvent().event_id}/attachments/1`)).status).toBe(404);
  });

  test("groups and groups/:id", async () => {
    await postEvent(server, 1);
    await postEvent(server, 2);
    const [group] = server.groups();

    expect(await get("groups")).toEqual([group]);
    expect(await get(`groups/${group!.id}`)).toEqual({ ...group, latest: [summary(2), summary(1)] });
  });

  test("stats and problems", async () => {
    await postEvent(server, 1, { contexts: { repeats: { count: 7 } }, colour: "red" });
    await postEvent(server, 1);

    expect(await get("stats")).toEqual({
      events: 1,
      failures: 7,
      groups: 1,
      duplicates: 1,
      forgotten: 0,
      problems: 1,
      reports: 0,
      discarded: {},
      requests: 2,
      connections: expect.objectContaining({ open: expect.any(Number) }),
    });
    expect(await get("problems")).toEqual(server.problems());
  });

  test("answers 404 to everything else", async () => {
    const paths = [
      "",
      "events/unknown",
      "groups/unknown",
      "events/a/b",
      "events/a/attachments/0/x",
      "constructor",
    ];
    const answers = await Promise.all(paths.map(async (path) => (await api(path)).status));

    expect(answers).toEqual([404, 404, 404, 404, 404, 404]);
  });
});

describe("DELETE /api/0/events", () => {
  test("forgets them", async () => {
    await postEvent(server);

    expect((await api("events", { method: "DELETE" })).status).toBe(204);
    expect(server.events()).toEqual([]);
  });
});

describe("/api/0/fault", () => {
  test("sets, pushes and ends faults", async () => {
    const standing = { kind: "status", status: 503 };
    const next = { kind: "hang" };
    await api("fault", { method: "PUT", headers: json, body: JSON.stringify(standing) });
    await api("fault", { method: "POST", headers: json, body: JSON.stringify([next]) });

    expect(await get("fault")).toEqual({ standing, next: [next] });
    expect(await (await api("fault", { method: "DELETE" })).json()).toEqual({ next: [] });
    expect((await postEvent(server)).status).toBe(200);
  });

  test.each(["nonsense", "{}", '{"kind":"status"}'])("answers 400 to %s", async (body) => {
    const answer = await api("fault", { method: "PUT", headers: json, body });

    expect([answer.status, await answer.json()]).toEqual([
      400,
      { detail: expect.stringContaining("xpected") },
    ]);
  });
});

describe("GET /api/0/stream", () => {
  test("tells every event as it arrives, and when all are deleted", async () => {
    const stream = await api("stream");
    await postEvent(server, 1);
    await api("events", { method: "DELETE" });
    const text = await readUntil(stream, "event: clear");

    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(text).toContain(`event: event\ndata: {"id":"${sampleEvent(1).event_id}"`);
  });

  test("has a place for 32 readers", async () => {
    const statuses: number[] = [];
    for (let reader = 0; reader < 33; reader++) statuses.push((await api("stream")).status);

    expect(statuses.filter((status) => status === 200)).toHaveLength(32);
    expect(statuses.at(-1)).toBe(503);
  });
});

describe("the page and its API", () => {
  test.each([
    [{ host: "evil.example" }, 403],
    [{ host: "localhost.evil.example:80" }, 403],
    [{ origin: "http://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ host: "localhost:1234" }, 200],
    [{ host: "127.0.0.1:1234", origin: "http://127.0.0.1:1234" }, 200],
  ])("answer %j with %i", async (headers, status) => {
    expect([await statusOf("/", headers), await statusOf("/api/0/events", headers)]).toEqual([
      status,
      status,
    ]);
  });
});

function statusOf(path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}${path}`, { headers });
    request.once("error", reject);
    request.once("response", (response) => response.resume().once("end", () => resolve(response.statusCode)));
    request.end();
  });
}

async function readUntil(answer: Response, mark: string): Promise<string> {
  let text = "";
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(mark)) break;
  }
  return text;
}
