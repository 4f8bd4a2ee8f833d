import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { postEvent } from "../test/sample.js";
import { startTestServer, type TestServer } from "./index.js";
import { PAGE_SCRIPT } from "./page-script.js";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const HOSTILE = '</script><img src=x onerror="alert(1)"><script>alert(2)</script>';

describe("GET /", () => {
  test("is one document that loads nothing from elsewhere", async () => {
    const answer = await fetch(server.url);
    const html = await answer.text();

    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html.match(/\b(?:src|href)="[^"]*"/g)).toEqual([
      'href="data:,"',
      'href="#/"',
      'href="/api/0/groups"',
    ]);
    expect(html).not.toMatch(/@import|url\(/);
  });

  test("lets its own script and style run and no other", async () => {
    const answer = await fetch(server.url);
    const html = await answer.text();
    const [script, style] = ["script", "style"].map((tag) => {
      const text = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)![1]!;
      return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    });

    expect(answer.headers.get("content-security-policy")).toBe(
      `default-src 'none'; script-src ${script}; style-src ${style}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  test("holds nothing of an event: hostile text comes through the API, as JSON", async () => {
    const before = await (await fetch(server.url)).text();
    await postEvent(server, 1, {
      exception: { values: [{ type: HOSTILE, value: HOSTILE }] },
      tags: { shop: HOSTILE },
      transaction: HOSTILE,
    });
    const groups = await fetch(`${server.url}/api/0/groups`);

    expect(await (await fetch(server.url)).text()).toBe(before);
    expect(groups.headers.get("content-type")).toBe("application/json");
    expect(await groups.json()).toEqual([expect.objectContaining({ type: HOSTILE, value: HOSTILE })]);
  });
});

describe("PAGE_SCRIPT", () => {
  test("is valid JavaScript", () => {
    expect(() => new Function(PAGE_SCRIPT)).not.toThrow();
  });

  test("writes text only, never markup", () => {
    expect(PAGE_SCRIPT).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser/,
    );
    expect(PAGE_SCRIPT).not.toContain("</");
  });
});
