import { AssertionError } from "node:assert";
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { isOfOwnClass } from "./own-class.js";

class Invalid extends Error {}
class InvalidRange extends RangeError {}

/** An error of an own class with what a library leaves on it. */
function left(fields: object): Error {
  return Object.assign(new Invalid("failed"), fields);
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("isOfOwnClass()", () => {
  test.each([
    ["a class of the application's", new Invalid("no")],
    ["a class beside one of the language", new InvalidRange("no")],
    ["one with a code of its own", left({ code: "EXPIRED" })],
    ["one that tells of fields", left({ errors: { name: "required" }, meta: { field: "name" } })],
  ])("is true for %s", (_what, error) => {
    expect(isOfOwnClass(error)).toBe(true);
  });

  test.each([
    ["Error", new Error("plain")],
    ["TypeError", new TypeError("bug")],
    ["TypeError of another realm", runInNewContext("new TypeError('bug')")],
    ["AssertionError", new AssertionError({ message: "no" })],
    ["an error of Node", thrownBy(() => Buffer.alloc(-1))],
    ["a system error", thrownBy(() => readFileSync("/nowhere/at/all"))],
    ["DOMException", new DOMException("aborted", "AbortError")],
    ["a text", "no"],
    ["an object", { message: "no" }],
    ["undefined", undefined],
  ])("is false for %s", (_what, error) => {
    expect(isOfOwnClass(error)).toBe(false);
  });

  test.each([
    ["pg", { severity: "ERROR", code: "23505", routine: "_bt_check_unique" }],
    ["mysql2", { code: "ER_DUP_ENTRY", sqlState: "23000" }],
    ["better-sqlite3", { code: "SQLITE_CONSTRAINT_UNIQUE" }],
    ["prisma", { code: "P2002", clientVersion: "6.0.0" }],
    ["mongodb", { code: 11000, keyPattern: { email: 1 } }],
    ["ioredis", { command: { name: "get", args: [] } }],
    ["typeorm", { driverError: new Error("duplicate") }],
    ["undici", { code: "UND_ERR_CONNECT_TIMEOUT" }],
    ["@aws-sdk 3", { $metadata: { httpStatusCode: 404 }, $fault: "client" }],
    ["@elastic/elasticsearch", { meta: { statusCode: 404, headers: {} } }],
    ["a socket", { code: "ECONNRESET" }],
  ])("is false for the classes of drivers: %s", (_library, fields) => {
    expect(isOfOwnClass(left(fields))).toBe(false);
  });
});
