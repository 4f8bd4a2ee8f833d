import { describe, expect, test } from "vitest";
import { readCauseTree } from "../capture/cause-tree.js";
import { captureContext, whereabouts } from "../capture/context.js";
import { readException } from "../capture/exception-text.js";
import type { CaptureHint } from "../capture/hint.js";
import { logEntryFrom, type Snapshot, type Subject, snapshotOf } from "../capture/snapshot.js";
import { captureSite } from "../capture/stack.js";
import { resolveOptions } from "../client/options.js";
import { Scope } from "../context/scope.js";
import type { Event } from "../model/event.js";
import { type BuildResult, buildEventSync, type EventBuilder } from "../pipeline/build.js";
import { AT_ONCE, queuedCapture } from "../pipeline/queued-capture.js";
import { createScrubber } from "../process/scrub.js";
import { Tracer } from "../trace/tracer.js";
import { readCapture, readSighting } from "./capture-reader.js";
import { CaptureWriter } from "./capture-writer.js";

const ID = "0123456789abcdef0123456789abcdef";
const TRACE = "771a43a4192642f0b136d5159a501700";
const options = resolveOptions({ dsn: false }, {});
let ids = 0;
const newId = (): string => `${++ids}`.padStart(32, "0");
const tracer = new Tracer({ environment: "test", env: {}, newId, random: () => 0.5 });
const scrubber = createScrubber();
const builder: EventBuilder = {
  options,
  frames: { projectRoot: "/app", inAppInclude: [], inAppExclude: [] },
  facts: {
    environment: "test",
    tags: {},
    extra: {},
    sdk: { name: "corvid.node", version: "1.2.3" },
    maxBreadcrumbs: 100,
    contexts: () => ({}),
    tracer,
  },
  contextLines: { addTo: async () => undefined, addToSync: () => undefined },
  processors: [],
  scrubber,
};

function take(subject: Subject, scope: Scope = new Scope(), hint?: CaptureHint): Snapshot {
  const around = captureContext(whereabouts(scope), hint, options.limits, options.request);
  return snapshotOf(ID, 1_767_323_045.678, subject, around, undefined);
}

function failure(error: unknown): Subject {
  const tree = readCauseTree(error, readException(error, options.limits), options.limits);
  return { exceptions: tree.nodes };
}

function envelopeOf(snapshot: Snapshot): Extract<BuildResult, { envelope: unknown }>["envelope"] {
  const made = buildEventSync(queuedCapture(snapshot, AT_ONCE, { bytes: 0 }), builder);
  if (!("envelope" in made)) throw new Error(`dropped: ${made.dropped}`);
  return made.envelope;
}

function throughText(snapshot: Snapshot): Snapshot {
  return readCapture(ID, new CaptureWriter(scrubber, tracer).capture(snapshot));
}

function crowdedScope(): Scope {
  const scope = new Scope();
  scope
    .setTags({ shop: "berlin" })
    .setExtra("cart", { items: [1, 2] })
    .setContext("order", { id: 7 });
  scope.setUser({ id: "u1", plan: "gold" }).setFingerprint(["orders", "{{ default }}"]).setLevel("fatal");
  scope.setTransaction("GET /orders/:id");
  scope.addBreadcrumb({ timestamp: 1, category: "cart", message: "paid", data: { method: "card" } });
  scope.addAttachment({ filename: "cart.json", data: '{"é":1}', contentType: "application/json" });
  scope.setRequest(() => ({
    request: { method: "GET", url: "https://shop.example/orders/7", headers: { accept: "*/*" } },
    transaction: "GET /orders/:id",
  }));
  scope.continueTrace(() => ({ "sentry-trace": `${TRACE}-b7ad6b7169203331-1`, baggage: "sentry-release=1" }));
  return scope;
}

describe("readCapture()", () => {
  const error = new TypeError("no price", { cause: new AggregateError([new Error("a"), "b"], "both") });
  Object.assign(error, { code: "ENOPRICE", details: { sku: 12 } });
  const subjects: [string, Subject][] = [
    ["an error with causes and properties", failure(error)],
    ["a thrown value", { ...failure({ status: 402 }), site: captureSite(take) }],
    [
      "an error without a stack",
      { ...failure(Object.assign(new Error("x"), { stack: "" })), site: captureSite(take) },
    ],
    ["a message", { exceptions: [], message: { formatted: "disk full" } }],
    [
      "a template",
      { exceptions: [], message: logEntryFrom("disk %s full", ["sda"], 100), site: captureSite(take) },
    ],
    [
      "an event",
      {
        exceptions: [],
        event: { message: "made elsewhere", tags: { from: "queue" }, level: "info" },
      },
    ],
  ];

  test.each(subjects)("gives the same event of %s", (_, subject) => {
    const snapshot = take(subject, crowdedScope(), {
      tags: { a: 1 },
      extra: { b: [true] },
      level: "warning",
    });

    const [written, live] = [envelopeOf(throughText(snapshot)), envelopeOf(snapshot)];

    expect(JSON.parse(written.payload)).toEqual(JSON.parse(live.payload));
    expect(written.trace).toEqual(live.trace);
  });

  test.each(subjects)("gives the same event of %s in an empty scope", (_, subject) => {
    const snapshot = take(subject);

    expect(JSON.parse(envelopeOf(throughText(snapshot)).payload)).toEqual(
      JSON.parse(envelopeOf(snapshot).payload),
    );
  });

  test("keeps files, byte for byte, up to a size, and what larger ones weighed", () => {
    const bytes = new Uint8Array([0, 10, 255, 128]);
    const hint = {
      attachments: [
        { filename: "dump", data: bytes },
        { filename: "core", data: "x".repeat(300_000) },
      ],
    };
    const snapshot = take(failure(new Error("x")), new Scope(), hint);

    expect(throughText(snapshot).hint.attachments).toEqual([
      { filename: "dump", data: bytes },
      { filename: "core", data: "", leftBytes: 300_000 },
    ]);
  });

  test("keeps the trace that the event belongs to", () => {
    const snapshot = take(failure(new Error("x")), crowdedScope());

    const event = JSON.parse(envelopeOf(throughText(snapshot)).payload) as Event;

    expect(event.contexts?.["trace"]).toEqual({
      trace_id: TRACE,
      span_id: snapshot.trace?.trace?.ids(newId).spanId,
      parent_span_id: "b7ad6b7169203331",
    });
  });
});

describe("readSighting()", () => {
  test("gives what surrounded a later sighting", () => {
    const sighting = captureContext(
      whereabouts(crowdedScope()),
      { tags: { seen: "twice" }, mechanism: { type: "pino", handled: false } },
      options.limits,
      options.request,
    );

    const read = readSighting(new CaptureWriter(scrubber, tracer).sighting(sighting));

    expect(read.hint).toEqual(sighting.hint);
    expect(read.request).toEqual(sighting.request);
    expect(read.layers[0]).toMatchObject({ tags: { shop: "berlin" }, user: { id: "u1" } });
  });
});

describe("CaptureWriter", () => {
  const SECRET = "hunter2-hunter2";
  test("writes no secret, wherever it stands", () => {
    const scope = new Scope();
    scope
      .setTags({ password: SECRET })
      .setExtra("card", { token: SECRET })
      .setContext("db", { api_key: SECRET });
    scope.setUser({ id: "u1", secret: SECRET }).setTransaction(`GET /?password=${SECRET}`);
    scope.setFingerprint([`password=${SECRET}`]);
    scope.addBreadcrumb({ message: `login password=${SECRET}`, data: { authorization: SECRET } });
    scope.setRequest(() => ({
      request: {
        url: "https://a.example/",
        query_string: `password=${SECRET}`,
        headers: { cookie: `sid=${SECRET}` },
      },
    }));
    const error = Object.assign(new Error(`password=${SECRET}`), { password: SECRET });
    error.stack = `Error: password=${SECRET}\n    at pay (https://a.example/x.js?password=${SECRET}:1:1)`;
    const hint: CaptureHint = {
      extra: { password: SECRET },
      tags: { token: SECRET },
      mechanism: { type: "x", data: { password: SECRET } },
      request: { data: { password: SECRET } },
    };
    const writer = new CaptureWriter(scrubber, tracer);

    const written = [
      writer.capture(take(failure(error), scope, hint)),
      writer.capture(take({ exceptions: [], message: logEntryFrom("password=%s", [SECRET], 100) })),
      writer.capture(take({ exceptions: [], message: { formatted: `password=${SECRET}` } })),
      writer.capture(take({ exceptions: [], event: { extra: { password: SECRET } } })),
    ];

    expect(written.filter((text) => text.includes(SECRET))).toEqual([]);
  });

  test("writes no secret in a header that held none before", () => {
    const writer = new CaptureWriter(scrubber, tracer);
    const written = (headers: Record<string, string>): string => {
      const scope = new Scope().setRequest(() => ({ request: { headers } }));
      return writer.capture(take(failure(new Error("one")), scope));
    };
    const plain = { accept: "*/*", cookie: "", "x-note": SECRET, "x-token": "" };

    expect(written(plain)).toContain(`"headers":${JSON.stringify(plain)}`);
    expect(written(plain)).toContain(`"headers":${JSON.stringify(plain)}`);
    expect(written({ ...plain, cookie: `sid=${SECRET}`, "x-note": "", "x-token": SECRET })).not.toContain(
      SECRET,
    );
    for (let n = 0; n < 3000; n++) written({ "x-note": `${n}` });
    expect(written({ ...plain, "x-note": `password=${SECRET}` })).not.toContain(SECRET);
  });

  test("writes one line, whatever it holds", () => {
    const scope = new Scope().setExtra("text", "a\nb\r\u2028\ud800");

    expect(new CaptureWriter(scrubber, tracer).capture(take(failure(new Error("a\nb")), scope))).not.toMatch(
      /[\n\r]/,
    );
  });
});
