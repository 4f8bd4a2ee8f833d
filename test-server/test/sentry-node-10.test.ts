import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../src/index.js";
import { post } from "./sample.js";

interface Recorded {
  readonly file: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const fixture = (file: string): Buffer =>
  readFileSync(new URL(`fixtures/sentry-node-10/${file}`, import.meta.url));
const recorded = JSON.parse(fixture("requests.json").toString()) as readonly Recorded[];

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
  for (const { file, path, headers } of recorded) await post(server, fixture(file), headers, path);
});
afterEach(() => server.close());

describe("what @sentry/node 10 sends", () => {
  test("is accepted byte for byte", () => {
    expect(server.requests().map(({ status }) => status)).toEqual(recorded.map(() => 200));
    expect(
      server
        .groups()
        .map(({ type, value }) => `${type}: ${value}`)
        .sort(),
    ).toEqual(["AggregateError: both failed", "Error: card was refused", "Error: stock is low"]);
    expect(server.items().map(({ type }) => type)).toContain("sessions");
  });

  test("keeps exceptions, request, breadcrumbs and attachments", async () => {
    const failed = server
      .events()
      .find(({ event }) => event.exception?.values.at(-1)?.value === "card was refused")!;
    const message = server.events().find(({ event }) => event["message"] === "stock is low")!;
    const shown = await (await fetch(`${server.url}/api/0/events/${failed.id}`)).json();

    expect(failed.event.exception!.values.map(({ type }) => type)).toEqual(["TypeError", "Error"]);
    expect(failed.event.request).toMatchObject({ method: "POST", query_string: "express=1" });
    expect(failed.event.breadcrumbs).toContainEqual(expect.objectContaining({ message: "order loaded" }));
    expect(message.attachments.map(({ filename, data }) => [filename, data.toString()])).toEqual([
      ["note.txt", "one\ntwo\u2028\n"],
    ]);
    expect(shown).toMatchObject({
      event: { exception: { values: [{ type: "TypeError" }, { type: "Error" }] } },
    });
  });
});
