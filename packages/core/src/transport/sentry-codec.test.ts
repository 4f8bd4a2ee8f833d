import { describe, expect, test } from "vitest";
import { createTestClock, type TestClock } from "../../test/support/clock.js";
import { numbered } from "../../test/support/script.js";
import { parseDsn } from "../model/dsn.js";
import type { HttpAnswer } from "./http-answer.js";
import { sentryCodec } from "./sentry-codec.js";
import type { SendResult } from "./transport.js";

interface Bench {
  readonly clock: TestClock;
  readonly warnings: string[][];
  readonly answer: (status: number, more?: Partial<HttpAnswer>) => SendResult;
}

let projects = 0;

/** A codec for a project of its own, because what a DSN accepted is remembered for the whole process. */
function codecFor(dsn = `http://key@errors.example/${++projects}`): Bench {
  const clock = createTestClock();
  const warnings: string[][] = [];
  const { read } = sentryCodec({
    name: "http",
    dsn: parseDsn(dsn),
    sdk: { name: "t", version: "1" },
    userAgent: "t",
    clock,
    diagnostics: { warn: (...message) => void warnings.push([...message]), debug: () => undefined },
  });
  const answer: Bench["answer"] = (status, more) =>
    read!({ status, statusText: "", body: "", ...more }, [numbered(1)])[0]!;
  return { clock, warnings, answer };
}

const HOUR_MS = 60 * 60 * 1000;

describe("sentryCodec() read()", () => {
  test.each([403, 404])("refuses a %d from a server that accepted nothing before, and says why", (status) => {
    const { answer } = codecFor();

    expect(answer(status)).toMatchObject({
      kind: "refused",
      reason: "send_error",
      detail: expect.stringMatching(/^40[34]: (?:the server does not accept|there is no such project)/),
    });
  });

  test.each([403, 404])("keeps a %d for an hour after an event was accepted", (status) => {
    const { answer, clock } = codecFor();
    answer(200);
    expect(answer(status)).toMatchObject({ kind: "retry", reason: "send_error" });
    clock.advance(HOUR_MS);
    expect(answer(status)).toMatchObject({ kind: "retry" });
    clock.advance(1);
    expect(answer(status)).toMatchObject({ kind: "refused" });
    answer(200);

    expect(answer(status)).toMatchObject({ kind: "retry" });
  });

  test("remembers for another client of the process that a DSN was accepted", () => {
    const dsn = "http://key@errors.example/shared";
    codecFor(dsn).answer(200);

    expect(codecFor(dsn).answer(403)).toMatchObject({ kind: "retry" });
    expect(codecFor("http://other@errors.example/shared").answer(403)).toMatchObject({ kind: "refused" });
  });

  test("keeps a 407, without using up attempts", () => {
    expect(codecFor().answer(407, { statusText: "Proxy Authentication Required" })).toMatchObject({
      kind: "retry",
      reason: "network_error",
      detail: "407 Proxy Authentication Required: the proxy wants other credentials",
    });
  });

  test.each([
    ["https://errors.example/api/7/envelope/", "https://key@errors.example/a/7"],
    ["https://errors.example:8443/", "https://key@errors.example:8443/a/7"],
  ])("names the DSN to use where the same host wants https: %s", (location, dsn) => {
    const { answer } = codecFor("http://key:secret@errors.example/a/7");

    expect(answer(301, { statusText: "Moved Permanently", location: [location] })).toMatchObject({
      kind: "refused",
      detail: `301 Moved Permanently: the server wants https; use the DSN ${dsn}`,
    });
  });

  test.each(["http://errors.example/", "https://elsewhere.example/", "nonsense://", undefined])(
    "names no DSN for another redirect: %s",
    (location) => {
      expect(codecFor("http://key@errors.example/a/7").answer(302, { location })).toMatchObject({
        kind: "refused",
        detail: "302",
      });
    },
  );

  test("says once that a 2xx is no answer of an ingest server, and does not count it as accepted", () => {
    const { answer, warnings } = codecFor();
    for (let count = 0; count < 3; count++)
      expect(answer(200, { body: "<!doctype html>" })).toMatchObject({ kind: "accepted" });

    expect(warnings).toEqual([["no-ingest-server", "http", "200", "errors.example"]]);
    expect(answer(404)).toMatchObject({ kind: "refused" });
  });

  test.each(["", "{}", '{"id":"0"}', ' {"id":"0"}\n'])(
    "takes %j for an answer of an ingest server",
    (body) => {
      const { answer, warnings } = codecFor();
      answer(200, { body });

      expect(warnings).toEqual([]);
    },
  );
});
