import { describe, expect, test } from "vitest";
import { readCredentials } from "./auth.js";

const KEY = "c0ffeec0ffeec0ffeec0ffeec0ffee00";
const HEADER = { "x-sentry-auth": `Sentry sentry_key=${KEY}, sentry_version=7, sentry_client=a.b/1` };
const QUERY = new URLSearchParams({ sentry_key: KEY, sentry_version: "7", sentry_client: "a.b/1" });
const NO_QUERY = new URLSearchParams();
const DSN = `http://${KEY}@localhost/1`;

describe("readCredentials()", () => {
  test.each([
    ["header", HEADER, NO_QUERY, undefined],
    ["header", { authorization: HEADER["x-sentry-auth"] }, NO_QUERY, undefined],
    ["query", {}, QUERY, undefined],
    ["envelope", {}, NO_QUERY, DSN],
    ["header", HEADER, NO_QUERY, DSN],
  ])("finds them in the %s", (place, headers, query, dsn) => {
    expect(readCredentials(headers, query, "1", dsn)).toMatchObject({ key: KEY, place, notes: [] });
  });

  test.each([
    [401, "no credentials", {}, NO_QUERY, undefined],
    [401, "more than one", HEADER, QUERY, undefined],
    [401, "more than one", { ...HEADER, authorization: HEADER["x-sentry-auth"] }, NO_QUERY, undefined],
    [401, "no sentry_key", { "x-sentry-auth": "Sentry sentry_version=7" }, NO_QUERY, undefined],
    [401, 'start with "Sentry "', { "x-sentry-auth": `sentry sentry_key=${KEY}` }, NO_QUERY, undefined],
    [401, "expected name=value", { "x-sentry-auth": "Sentry sentry_key" }, NO_QUERY, undefined],
    [401, "twice", { "x-sentry-auth": `Sentry sentry_key=${KEY},sentry_key=${KEY}` }, NO_QUERY, undefined],
    [
      400,
      "sentry_version",
      { "x-sentry-auth": `Sentry sentry_key=${KEY},sentry_version=8` },
      NO_QUERY,
      undefined,
    ],
    [400, "names project 2", HEADER, NO_QUERY, `http://${KEY}@localhost/2`],
    [400, "another key", HEADER, NO_QUERY, "http://other@localhost/1"],
    [400, "is no DSN", HEADER, NO_QUERY, 42],
  ])("answers %i (%s)", (status, message, headers, query, dsn) => {
    expect(() => readCredentials(headers, query, "1", dsn)).toThrowError(
      expect.objectContaining({ status, message: expect.stringContaining(message) }),
    );
  });

  test("leaves other authorization alone", () => {
    expect(readCredentials({ ...HEADER, authorization: "Bearer x" }, NO_QUERY, "1").place).toBe("header");
  });

  test("notes what only some receivers take", () => {
    const query = new URLSearchParams({
      sentry_key: "short",
      sentry_secret: "made-up",
      sentry_timestamp: "1",
    });

    expect(readCredentials({}, query, "1").notes).toEqual([
      "sentry_key is not 32 lower-case hex digits",
      "sentry_timestamp is deprecated: sent_at of the envelope says it",
      "sentry_version is missing",
      "sentry_client is not name/version",
      "sentry_secret in the query string ends up in logs",
    ]);
  });
});
