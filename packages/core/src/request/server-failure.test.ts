import { describe, expect, test } from "vitest";
import { isServerFailure } from "./server-failure.js";

const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("do not look");
    },
  },
);

/** An error with what a library adds to it. */
function error(added: object): Error {
  return Object.assign(new Error("failed"), added);
}

describe("isServerFailure()", () => {
  test.each([
    [{ status: 400 }],
    [{ statusCode: 404 }],
    [{ status: "bad", statusCode: 499 }],
    [{ status_code: 404 }],
    [{ output: { statusCode: 404 } }],
  ])("is false for an error that carries a client's status alone: %j", (answer) => {
    expect(isServerFailure(error(answer))).toBe(false);
  });

  test.each([
    [new Error("plain")],
    [{ status: 500 }],
    [{ status: "404" }],
    [{ status: 500, output: { statusCode: 404 } }],
    [{ output: { statusCode: 500 } }],
    [{ output: null }],
    [{ output: ["stdout", "stderr"] }],
    ["text"],
    [null],
    [undefined],
  ])("is true for what carries none: %j", (failure) => {
    expect(isServerFailure(failure)).toBe(true);
  });

  test("is true for what cannot be read", () => {
    expect(isServerFailure(hostile)).toBe(true);
  });

  const arrived = { date: "Sat, 21 Nov 2026 18:00:00 GMT", "content-type": "application/json" };

  test.each([
    [
      "axios",
      { status: 404, config: { url: "https://a.example/1", method: "get" }, response: { status: 404 } },
    ],
    ["gaxios", { status: 404, config: { url: "https://a.example/1" }, response: { headers: {} } }],
    ["@octokit/request-error", { status: 404, request: { method: "GET", url: "https://a.example/1" } }],
    ["superagent", { status: 404, response: { status: 404, headers: arrived } }],
    ["request-promise", { statusCode: 404, options: {}, response: { statusCode: 404, headers: arrived } }],
    ["openai, @anthropic-ai/sdk", { status: 404, headers: new Headers(arrived), requestID: null }],
    ["stripe", { statusCode: 404, headers: arrived, type: "StripeInvalidRequestError" }],
    ["undici's responseError", { statusCode: 404, headers: arrived, body: {} }],
    ["a header as it was sent", { statusCode: 404, headers: { Date: arrived.date } }],
    ["@azure/core-rest-pipeline", { statusCode: 404, request: { url: "https://a.example/1" } }],
    ["discord.js", { status: 404, method: "GET", url: "https://a.example/1" }],
    ["an error made of a fetch", { status: 404, url: "https://a.example/1" }],
    ["aws-sdk 2", { statusCode: 404, code: "NoSuchKey", requestId: "4442587FB7D0A2F9", retryable: false }],
    ["twilio", { status: 404, code: 20404, moreInfo: "https://www.twilio.com/docs/errors/20404" }],
    ["boomify(error) of such an error", { status: 404, config: { url: "/1" }, output: { statusCode: 500 } }],
  ])("is true for a call to another server that was answered so: %s", (_library, failure) => {
    expect(isServerFailure(error(failure))).toBe(true);
  });

  test("is true for an answer of another server that was thrown itself", async () => {
    const answer = new Response(null, { status: 404, headers: arrived });

    expect(isServerFailure(answer)).toBe(true);
  });

  test.each([
    ["http-errors, koa", { status: 404, statusCode: 404, expose: true }],
    ["http-errors with headers", { status: 401, expose: true, headers: { "WWW-Authenticate": "Basic" } }],
    ["headers without http-errors", { status: 429, headers: { "Retry-After": "60" } }],
    ["headers as a list", { status: 429, headers: new Headers({ "retry-after": "60" }) }],
    ["body-parser", { status: 400, expose: true, body: "{", type: "entity.parse.failed" }],
    ["NestJS", { status: 404, response: { statusCode: 404, message: "Not Found" }, options: {} }],
    ["NestJS with a text", { status: 404, response: "no such order", options: {} }],
    ["NestJS with a body of its own", { status: 403, response: { status: 403, error: "mine" }, options: {} }],
    ["express-jwt", { status: 401, code: "invalid_token", inner: {} }],
    ["an error with our request's target", { status: 404, method: "GET", url: "/orders/7" }],
    [
      "an error with Express's own request and response",
      {
        status: 404,
        request: { method: "GET", url: "/7", originalUrl: "/orders/7", httpVersion: "1.1" },
        response: { headersSent: false, statusCode: 200 },
      },
    ],
    [
      "an error with Koa's own request and response",
      {
        status: 404,
        request: { method: "GET", url: "/7", originalUrl: "/7" },
        response: { headers: {}, headerSent: false, status: 404 },
      },
    ],
  ])("is false for an answer of the application: %s", (_library, answer) => {
    expect(isServerFailure(error(answer))).toBe(false);
  });

  test.each([
    ["createError(404, error)", { statusCode: 404, expose: true }],
    ["boomify(error, { statusCode: 404 })", { output: { statusCode: 404 }, isBoom: true }],
  ])("is false for a failed call that the application made an answer: %s", (_how, made) => {
    const failedCall = {
      status: 404,
      config: { url: "https://a.example/1" },
      response: { headers: arrived },
    };

    expect(isServerFailure(error({ ...failedCall, ...made }))).toBe(false);
  });
});
