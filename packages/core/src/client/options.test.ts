import { describe, expect, test } from "vitest";
import { DsnError } from "../model/dsn.js";
import { fileSpool } from "../node/spool/file-spool.js";
import { type ClientOptions, OptionsError, resolveOptions } from "./options.js";

describe("resolveOptions()", () => {
  test("has the documented defaults", () => {
    expect(resolveOptions({}, {})).toEqual({
      destinations: [{ kind: "http" }],
      sampleRate: 1,
      traceTargets: [],
      ignoreErrors: [],
      processors: [],
      maxBreadcrumbs: 100,
      inAppInclude: [],
      inAppExclude: [],
      contextLines: 5,
      attachStacktrace: false,
      maxAttachmentBytes: 20 * 1024 * 1024,
      queueSize: 1000,
      queueBytes: 16_777_216,
      compressAboveBytes: 32_768,
      requestTimeoutMs: 10_000,
      shutdownTimeoutMs: 2000,
      unseen5xx: "event",
      debug: false,
      tags: {},
      extra: {},
      scrub: {},
      environment: "production",
      limits: { depth: 6, breadth: 50, stringLength: 8192, eventBytes: 1_048_576, causes: 10 },
      once: { full: 5, windowMs: 60_000, keys: 1000, mergeMs: 50 },
      mergeMs: 50,
      spool: false,
      request: { sendDefaultPii: false, requestBody: false, maxRequestBodyBytes: 10_000 },
    });
  });

  test("reads the environment, and lets code win over it", () => {
    const env = {
      SENTRY_DSN: "https://ENV@host/1",
      SENTRY_RELEASE: "env@1",
      SENTRY_ENVIRONMENT: "staging",
      NODE_ENV: "test",
    };

    expect(resolveOptions({}, env)).toMatchObject({
      dsn: { publicKey: "ENV" },
      release: "env@1",
      environment: "staging",
    });
    expect(
      resolveOptions({ dsn: "https://CODE@host/1", release: "code@1", environment: "live" }, env),
    ).toMatchObject({
      dsn: { publicKey: "CODE" },
      release: "code@1",
      environment: "live",
    });
    expect(resolveOptions({ dsn: false }, env).dsn).toBeUndefined();
    expect(resolveOptions({ dsn: "" }, env).dsn).toBeUndefined();
    expect(resolveOptions({}, { NODE_ENV: "test" }).environment).toBe("test");
  });

  test("a broken DSN throws when given in code, and only leaves a note when it is the environment's", () => {
    expect(() => resolveOptions({ dsn: "https://host/1" }, {})).toThrow(DsnError);

    const resolved = resolveOptions({}, { SENTRY_DSN: "https://host/1" });
    expect(resolved.dsn).toBeUndefined();
    expect(resolved.dsnTrouble).toEqual([
      "public key",
      "a key in front of the host: https://KEY@host/1",
      "none",
    ]);
  });

  test("an option that is undefined has its default", () => {
    expect(resolveOptions({ sampleRate: undefined, limits: { depth: undefined } }, {})).toMatchObject({
      sampleRate: 1,
      limits: { depth: 6 },
    });
  });

  test("takes a spool as a value", () => {
    const spool = fileSpool({ dir: "/var/spool/shop" });

    expect(resolveOptions({ spool }, {}).spool).toBe(spool);
    expect(resolveOptions({ spool: false }, {}).spool).toBe(false);
  });

  const bad: [options: unknown, option: string, message: string][] = [
    [null, "(all)", "Invalid option (all): expected an object, received null"],
    [{ sampelRate: 1 }, "sampelRate", "expected one of dsn, "],
    [{ sampelRate: 1 }, "sampelRate", "received an unknown option (did you mean sampleRate?)"],
    [{ beforesend: 1 }, "beforesend", "(did you mean beforeSend?)"],
    [{ release_: "1" }, "release_", "(did you mean release?)"],
    [{ something: 1 }, "something", "received an unknown option (see "],
    [JSON.parse('{"__proto__": 1}'), "__proto__", "received an unknown option"],
    [{ ["x".repeat(100)]: 1 }, `${"x".repeat(60)}…`, "received an unknown option"],
    [{ limits: [] }, "limits", "expected an object, received a list"],
    [{ limits: { toString: 1 } }, "limits.toString", "received an unknown key"],
    [{ scrub: { keys: "a" } }, "scrub.keys", 'expected a list, received "a"'],
    [{ scrub: { key: ["a"] } }, "scrub.key", "(did you mean keys?)"],
    [{ dsn: 5 }, "dsn", "expected a string, or false, received 5"],
    [{ sampleRate: 1.5 }, "sampleRate", "expected a number from 0 to 1, received 1.5"],
    [{ sampleRate: "1" }, "sampleRate", 'expected a number from 0 to 1, received "1"'],
    [{ sampleRate: Number.NaN }, "sampleRate", "expected a number from 0 to 1, received NaN"],
    [{ ignoreErrors: "x" }, "ignoreErrors", 'expected a list, received "x"'],
    [{ ignoreErrors: ["x", 5] }, "ignoreErrors[1]", "expected a string, a RegExp or a class, received 5"],
    [{ beforeSend: {} }, "beforeSend", "expected a function, received an object"],
    [{ processors: [null] }, "processors[0]", "expected a function, received null"],
    [
      { integrations: [{}] },
      "integrations[0]",
      "expected an Integration: an object with a name, received an object",
    ],
    [
      { transport: {} },
      "transport",
      "expected a Transport: an object with a name and a send function, or a list, received an object",
    ],
    [
      { transport: [{ name: "x" }] },
      "transport[0]",
      "expected a Transport: an object with a name and a send function, received an object",
    ],
    [{ queueSize: 0 }, "queueSize", "expected a whole number from 1 up, received 0"],
    [{ queueBytes: 1.5 }, "queueBytes", "expected a whole number from 1 up, received 1.5"],
    [{ maxBreadcrumbs: -1 }, "maxBreadcrumbs", "expected a whole number from 0 up, received -1"],
    [
      { requestTimeoutMs: Number.POSITIVE_INFINITY },
      "requestTimeoutMs",
      "expected milliseconds from 0 to 2147483647, received Infinity",
    ],
    [{ limits: { depth: 0 } }, "limits.depth", "expected a whole number from 1 up, received 0"],
    [
      { limits: { dept: 3 } },
      "limits.dept",
      "expected one of depth, breadth, stringLength, eventBytes, causes, received an unknown key",
    ],
    [{ once: true }, "once", "expected an object, or false, received true"],
    [{ once: { full: 0 } }, "once.full", "expected a whole number from 1 up, received 0"],
    [{ spool: true }, "spool", "expected fileSpool() from @corvid/core/spool, or false, received true"],
    [{ spool: "/var" }, "spool", 'expected fileSpool() from @corvid/core/spool, or false, received "/var"'],
    [
      { spool: { directory: "x" } },
      "spool",
      "expected fileSpool() from @corvid/core/spool, or false, received an object",
    ],
    [{ debug: "yes" }, "debug", 'expected true or false, received "yes"'],
    [
      { proxy: "proxy:80" },
      "proxy",
      'expected the proxy\'s URL, http:// or https://, or false, received "proxy:80"',
    ],
    [
      { proxy: "me:hunter2@proxy:80" },
      "proxy",
      'expected the proxy\'s URL, http:// or https://, or false, received "…@proxy:80"',
    ],
    [{ release: 5 }, "release", "expected a string, received 5"],
  ];

  test.each(bad)(
    "refuses %j, naming the option, what was expected and what came",
    (options, option, message) => {
      const resolve = (): unknown => resolveOptions(options as ClientOptions, {});

      expect(resolve).toThrow(OptionsError);
      expect(resolve).toThrow(expect.objectContaining({ option, message: expect.stringContaining(message) }));
    },
  );
});
