import { describe, expect, test } from "vitest";
import { OptionsError } from "../../model/option-checks.js";
import { isExcepted, ProxyError, proxyFor } from "./proxy.js";

const HTTP = new URL("http://errors.example.com:9000/");
const HTTPS = new URL("https://errors.example.com/");

function hostFor(target: URL, env: Record<string, string>, option?: string | false): string | undefined {
  return proxyFor(target, option, env)?.host;
}

describe("proxyFor()", () => {
  test.each<[string, URL, Record<string, string>, string | undefined]>([
    ["http_proxy for http", HTTP, { http_proxy: "http://a:1" }, "a"],
    [
      "no HTTP_PROXY in upper case, which a CGI client can set",
      HTTP,
      { HTTP_PROXY: "http://a:1" },
      undefined,
    ],
    ["https_proxy for https", HTTPS, { https_proxy: "http://a:1" }, "a"],
    ["HTTPS_PROXY for https", HTTPS, { HTTPS_PROXY: "http://a:1" }, "a"],
    ["lower case before upper case", HTTPS, { https_proxy: "http://a:1", HTTPS_PROXY: "http://b:1" }, "a"],
    ["no http_proxy for https", HTTPS, { http_proxy: "http://a:1" }, undefined],
    ["all_proxy for both", HTTP, { all_proxy: "http://a:1" }, "a"],
    ["ALL_PROXY for both", HTTPS, { ALL_PROXY: "http://a:1" }, "a"],
    [
      "the particular one before all_proxy",
      HTTPS,
      { all_proxy: "http://b:1", https_proxy: "http://a:1" },
      "a",
    ],
    ["none when the particular one is empty", HTTPS, { all_proxy: "http://b:1", https_proxy: "" }, undefined],
    ["an exception", HTTPS, { https_proxy: "http://a:1", no_proxy: "example.com" }, undefined],
    ["an exception in upper case", HTTPS, { https_proxy: "http://a:1", NO_PROXY: "example.com" }, undefined],
    [
      "no exception when no_proxy is empty",
      HTTPS,
      { https_proxy: "http://a:1", no_proxy: "", NO_PROXY: "*" },
      "a",
    ],
  ])("takes %s", (_, target, env, expected) => {
    expect(hostFor(target, env)).toBe(expected);
  });

  test("lets the option decide, exceptions or not", () => {
    const env = { https_proxy: "http://a:1", no_proxy: "*" };

    expect(hostFor(HTTPS, env, "http://mine:3128")).toBe("mine");
    expect(hostFor(HTTPS, env, false)).toBeUndefined();
  });

  test.each([
    ["http://proxy:3128", { protocol: "http:", host: "proxy", port: 3128 }],
    ["proxy:3128", { protocol: "http:", host: "proxy", port: 3128 }],
    ["http://proxy:80", { protocol: "http:", host: "proxy", port: 80 }],
    ["http://proxy", { protocol: "http:", host: "proxy", port: 1080 }],
    ["https://proxy/", { protocol: "https:", host: "proxy", port: 443 }],
    ["http://[::1]:8080", { protocol: "http:", host: "::1", port: 8080 }],
    [
      "http://me:p%40ss@proxy:1",
      { protocol: "http:", host: "proxy", port: 1, authorization: `Basic ${btoa("me:p@ss")}` },
    ],
    [
      "http://me@proxy:1",
      { protocol: "http:", host: "proxy", port: 1, authorization: `Basic ${btoa("me:")}` },
    ],
  ])("reads %s", (text, expected) => {
    expect(proxyFor(HTTPS, text, {})).toEqual(expected);
  });

  test.each([
    "socks5://proxy:1080",
    "http://",
    "http://proxy:99999",
    "ftp://proxy",
    "http://me:secret@",
    " ",
  ])("throws for %j without repeating it", (text) => {
    const run = (): unknown => proxyFor(HTTPS, text, {});

    expect(run).toThrow(OptionsError);
    expect(() => proxyFor(HTTPS, undefined, { https_proxy: `${text}?` })).toThrow(ProxyError);
    expect(run).not.toThrow(/secret/);
  });
});

describe("isExcepted()", () => {
  test.each<[string, string, boolean]>([
    ["https://sentry.io", "sentry.io", true],
    ["https://o1.ingest.sentry.io", "sentry.io", true],
    ["https://evilsentry.io", "sentry.io", false],
    ["https://sentry.io.evil.example", "sentry.io", false],
    ["https://o1.sentry.io", ".sentry.io", true],
    ["https://o1.sentry.io", "*.sentry.io", true],
    ["https://sentry.io", ".sentry.io", true],
    ["https://SENTRY.io", "Sentry.IO", true],
    ["https://sentry.io.", "sentry.io", true],
    ["https://sentry.io", "a.example,  b.example sentry.io", true],
    ["https://sentry.io", "*", true],
    ["https://sentry.io", " * ", true],
    ["https://sentry.io", "a.example,*", false],
    ["https://sentry.io", ",,", false],
    ["https://sentry.io", "sentry.io:443", true],
    ["https://sentry.io", "sentry.io:8443", false],
    ["http://sentry.io", "sentry.io:80", true],
    ["http://10.1.2.3:9000", "10.1.2.3", true],
    ["http://10.1.2.3:9000", "10.1.2.3:9000", true],
    ["http://110.1.2.3", "10.1.2.3", false],
    ["http://9.10.1.2", "10.1.2", false],
    ["http://10.1.2.3", "10.0.0.0/8", true],
    ["http://11.1.2.3", "10.0.0.0/8", false],
    ["http://10.1.2.3", "10.0.0.0/99", false],
    ["http://[::1]:9000", "::1", true],
    ["http://[::1]:9000", "[::1]", true],
    ["http://[::1]:9000", "[::1]:9000", true],
    ["http://[fd00::1]", "fd00::/8", true],
    ["http://localhost", "127.0.0.1", false],
  ])("%s in %j: %j", (target, list, expected) => {
    expect(isExcepted(new URL(target), list)).toBe(expected);
  });
});
