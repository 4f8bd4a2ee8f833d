import type { TestServer } from "../src/index.js";

/** The moment of every sample: 2026-01-02T03:04:05.678Z. */
export const MOMENT = 1_767_323_045_678;

/** An event that no receiver has anything against. */
export function sampleEvent(number = 1, more: object = {}): { event_id: string } {
  return {
    event_id: number.toString(16).padStart(32, "0"),
    timestamp: MOMENT / 1000,
    platform: "node",
    level: "error",
    exception: { values: [{ type: "Error", value: "café" }] },
    ...more,
  } as { event_id: string };
}

/** One item of an envelope. `length` is counted unless it is given. */
export interface SampleItem {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: string | Buffer;
}

/** An item with an event. */
export function eventItem(event: object): SampleItem {
  return { header: { type: "event" }, payload: JSON.stringify(event) };
}

/** Writes an envelope as the protocol has it. */
export function sampleEnvelope(header: object, ...items: readonly SampleItem[]): Buffer {
  const parts = items.flatMap(({ header, payload }) => {
    const bytes = Buffer.from(payload);
    return [
      Buffer.from(`${JSON.stringify({ length: bytes.length, ...header })}\n`),
      bytes,
      Buffer.from("\n"),
    ];
  });
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]);
}

/** The envelope of one event. */
export function eventEnvelope(event: { event_id: string }, ...more: readonly SampleItem[]): Buffer {
  return sampleEnvelope(sampleHeader(event.event_id), eventItem(event), ...more);
}

/** A header as it should be. */
export function sampleHeader(id?: string): object {
  const rest = { sent_at: new Date(MOMENT).toISOString(), sdk: { name: "sample.node", version: "1.0.0" } };
  return id === undefined ? rest : { event_id: id, ...rest };
}

/** Headers of a request as they should be. */
export const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/x-sentry-envelope",
  "user-agent": "sample.node/1.0.0",
  "x-sentry-auth":
    "Sentry sentry_key=c0ffeec0ffeec0ffeec0ffeec0ffee00, sentry_version=7, sentry_client=sample.node/1.0.0",
};

/** Posts bytes to the envelope endpoint of project 1. */
export function post(
  server: TestServer,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = HEADERS,
  path = "/api/1/envelope/",
): Promise<Response> {
  return fetch(`${server.url}${path}`, { method: "POST", body, headers, redirect: "manual" });
}

/** Posts one event. */
export function postEvent(server: TestServer, number = 1, more: object = {}): Promise<Response> {
  return post(server, eventEnvelope(sampleEvent(number, more)));
}
