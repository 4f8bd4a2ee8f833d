import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Event, Json } from "../model/event.js";
import { normalise } from "./normalise.js";
import { createScrubber, previewScrub } from "./scrub.js";

const scrubber = createScrubber();
const F = "[Filtered]";
const CARD = "4111 1111 1111 1111";

function event(parts: Partial<Event>): Event {
  return { event_id: "0".repeat(32), timestamp: 1, platform: "node", ...parts };
}

/** Frozen all the way down: changing it throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

describe("Scrubber.event() looks into", () => {
  const cases: [string, Partial<Event>, Partial<Event>][] = [
    [
      "headers, cookies name by name",
      {
        request: {
          headers: {
            Authorization: "Bearer abc",
            "x-api-key": "abc",
            cookie: "theme=dark; connect.sid=abc; csrftoken=x",
            "set-cookie": "sid=abc; Path=/; HttpOnly",
            Cookie: "unreadable",
            referer: "https://a.io/?token=abc&a=1",
            "user-agent": "curl/8",
          },
          cookies: { theme: "dark", PHPSESSID: "abc" },
        },
      },
      {
        request: {
          headers: {
            Authorization: F,
            "x-api-key": F,
            cookie: `theme=${F}; connect.sid=${F}; csrftoken=${F}`,
            "set-cookie": `sid=${F}; Path=/; HttpOnly`,
            Cookie: F,
            referer: `https://a.io/?token=${F}&a=1`,
            "user-agent": "curl/8",
          },
          cookies: { theme: F, PHPSESSID: F },
        },
      },
    ],
    [
      "the request's address and query",
      { request: { url: "https://bob:pw@a.io/x?password=abc", query_string: "a=1&pass%77ord=a=b,c d&b=" } },
      { request: { url: `https://${F}:${F}@a.io/x?password=${F}`, query_string: `a=1&pass%77ord=${F}&b=` } },
    ],
    [
      "a body of JSON text, whole",
      { request: { data: `{"a":1,"password":"x y","nested":{"token":"abc"}}` } },
      { request: { data: `{"a":1,"password":"${F}","nested":{"token":"${F}"}}` } },
    ],
    [
      "a body of JSON text, cut",
      { request: { data: `{"a":1,"credentials":{"login":"bob","word":"hun` } },
      { request: { data: `{"a":1,"credentials":"${F}"` } },
    ],
    [
      "a body of a form",
      { request: { data: "user=bob&password=a;b,c'd" } },
      { request: { data: `user=bob&password=${F}` } },
    ],
    [
      "a body that was parsed",
      { request: { data: { user: "bob", password: 1234, card: { number: 4111111111111111, cvc: "123" } } } },
      { request: { data: { user: "bob", password: F, card: { number: F, cvc: F } } } },
    ],
    [
      "the environment",
      { request: { env: { DB_PASSWORD: "x", REMOTE_ADDR: "::1" } } },
      { request: { env: { DB_PASSWORD: F, REMOTE_ADDR: F } } },
    ],
    [
      "extra and contexts",
      {
        extra: { apiKey: "abc", note: `paid by ${CARD}`, list: [{ jwt: "x" }] },
        contexts: { app: { session: "x", name: "shop" } },
      },
      {
        extra: { apiKey: F, note: `paid by ${F}`, list: [{ jwt: F }] },
        contexts: { app: { session: F, name: "shop" } },
      },
    ],
    [
      "command lines in pieces",
      { extra: { argv: ["node", "--password", "x", "--port", "80"] } },
      { extra: { argv: ["node", "--password", F, "--port", "80"] } },
    ],
    [
      "tags",
      { tags: { token: "abc", url: "redis://:pw@a" } },
      { tags: { token: F, url: `redis://${F}:${F}@a` } },
    ],
    [
      "breadcrumbs",
      {
        breadcrumbs: [{ message: "GET /?api_key=abc" }, { data: { url: "/?token=abc", secret: "x" } }],
      },
      {
        breadcrumbs: [{ message: `GET /?api_key=${F}` }, { data: { url: `/?token=${F}`, secret: F } }],
      },
    ],
    [
      "exceptions and their variables",
      {
        exception: {
          values: [
            {
              type: "Error",
              value: "login with password=hunter2 failed",
              mechanism: { type: "generic", data: { token: "abc" } },
              stacktrace: {
                frames: [{ function: "login", vars: { password: "x", i: 1, text: "Bearer a1b2c3d4" } }],
              },
            },
          ],
        },
      },
      {
        exception: {
          values: [
            {
              type: "Error",
              value: `login with password=${F} failed`,
              mechanism: { type: "generic", data: { token: F } },
              stacktrace: {
                frames: [{ function: "login", vars: { password: F, i: 1, text: `Bearer ${F}` } }],
              },
            },
          ],
        },
      },
    ],
    ["messages", { message: "key AKIAABCDEFGHIJKLMNOP" }, { message: `key ${F}` }],
    [
      "transaction and fingerprint",
      { transaction: "GET /?token=abc", fingerprint: [CARD, "a"] },
      { transaction: `GET /?token=${F}`, fingerprint: [F, "a"] },
    ],
    [
      "threads",
      { threads: { values: [{ id: 1, name: "a", state: "token=abc" }] } },
      { threads: { values: [{ id: 1, name: "a", state: `token=${F}` }] } },
    ],
    [
      "what is known of the user, but not who it is",
      {
        user: {
          id: CARD,
          email: "password=x@a.io",
          username: "token=a",
          data: { password: "x", plan: "pro" },
        },
      },
      {
        user: { id: CARD, email: "password=x@a.io", username: "token=a", data: { password: F, plan: "pro" } },
      },
    ],
  ];

  test.each(cases)("%s", (_, given, expected) => {
    expect(scrubber.event(frozen(event(given)))).toEqual(event(expected));
  });
});

test("Scrubber.event() keeps code in source lines, and takes secrets out of it by their shape", () => {
  const frame = {
    function: "login",
    pre_context: ["const password = await ask();", "const key = `-----BEGIN PRIVATE KEY-----", "MIIabc"],
    context_line: "MIIdef",
    post_context: ["-----END PRIVATE KEY-----`;", `pay("${CARD}");`],
  };
  const result = scrubber.event(
    event({ exception: { values: [{ type: "E", stacktrace: { frames: [frame] } }] } }),
  );

  expect(result.exception?.values[0]?.stacktrace?.frames).toEqual([
    {
      function: "login",
      pre_context: ["const password = await ask();", `const key = \`${F}`, ""],
      context_line: "",
      post_context: ["`;", `pay("${F}");`],
    },
  ]);
});

test("Scrubber.event() gives back the same event when there is nothing to take out", () => {
  const given = frozen(
    event({
      extra: { a: [1, { b: "c" }] },
      request: {
        url: "https://a.io/x",
        headers: { accept: "*/*" },
        query_string: "a=1",
      },
      exception: {
        values: [{ type: "E", value: "x", stacktrace: { frames: [{ function: "f", context_line: "f()" }] } }],
      },
    }),
  );

  expect(scrubber.event(given)).toBe(given);
});

test("Scrubber.value() keeps what tells nothing, and counts", () => {
  expect(
    scrubber.value({ password: "", token: null, secret: true, auth: false, prompt_tokens: 7, tokens: ["a"] }),
  ).toEqual({
    password: "",
    token: null,
    secret: true,
    auth: false,
    prompt_tokens: 7,
    tokens: F,
  });
});

test("Scrubber.value() does not follow endless nesting", () => {
  let deep: Json = "token=abc";
  for (let i = 0; i < 20_000; i++) deep = [deep];

  expect(JSON.stringify(scrubber.value(deep))).not.toContain("abc");
});

test("createScrubber() takes further names and patterns", () => {
  const own = createScrubber({ keys: ["tenant", /^x-/i], patterns: [/emp-\d+/i] });

  expect(own.value({ tenantName: "a", "X-Note": "b", note: "EMP-1 and emp-22" })).toEqual({
    tenantName: F,
    "X-Note": F,
    note: `${F} and ${F}`,
  });
});

test("createScrubber() refuses options that cannot work", () => {
  expect(() => createScrubber({ keys: [1 as never] })).toThrow(
    "Invalid option scrub.keys[0]: expected a string or a RegExp, received 1",
  );
  expect(() => createScrubber({ patterns: ["a" as never] })).toThrow(
    'Invalid option scrub.patterns[0]: expected a RegExp, received "a"',
  );
});

test("previewScrub() shows what would be sent of any value, and what was taken out by which rule", () => {
  class Login {
    readonly password = "x";
    readonly at = new Date(0);
  }

  expect(previewScrub(new Login())).toEqual({
    value: { "[class]": "Login", password: F, at: "1970-01-01T00:00:00.000Z" },
    taken: [{ place: "password", rule: "name: password" }],
  });
});

describe("Scrubber holds for any value:", () => {
  const names = [
    "password",
    "apiKey",
    "access_token",
    "Set-Cookie",
    "x-auth-token",
    "clientSecret",
    "DB_PASSWD",
  ];
  const secret = fc.stringMatching(/^Zq[A-Za-z0-9]{10}qZ$/);

  test("a secret under its name never leaves, however deep and in whatever notation", () => {
    const notation = fc.constantFrom<(name: string, value: string) => unknown>(
      (name, value) => ({ [name]: value }),
      (name, value) => JSON.stringify({ a: 1, [name]: value, b: 2 }),
      (name, value) => JSON.stringify(JSON.stringify({ [name]: { x: [value] } })),
      (name, value) => `a=1&${encodeURIComponent(name)}=${value}&b=2`,
      (name, value) => `failed with ${name}: "${value}" at x`,
      (name, value) => `node x --${name} ${value} -v`,
      (name, value) => new Map([[name, [value]]]),
      (name, value) => [`--${name}`, value],
      (name, value) => `<${name}>${value}</${name}>`,
      (name, value) => JSON.stringify({ [name]: value }).slice(0, -2),
    );
    const place = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc
          .record({ notation, name: fc.constantFrom(...names), value: secret })
          .map((it) => it.notation(it.name, it.value)),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "author"), tie("any"), { maxKeys: 3 }),
      ),
    })).any;

    fc.assert(
      fc.property(place, (value) => {
        expect(JSON.stringify(scrubber.value(normalise(value)))).not.toMatch(/Zq[A-Za-z0-9]{10}qZ/);
      }),
      { numRuns: 500 },
    );
  });

  test("JSON text stays JSON", () => {
    const tree = fc.jsonValue({ maxDepth: 4 });
    const body = fc.record({
      a: tree,
      password: tree,
      token: fc.oneof(fc.integer(), fc.string(), tree),
      z: tree,
    });

    fc.assert(
      fc.property(body, fc.constantFrom(undefined, 1), (value, indent) => {
        expect(() => JSON.parse(scrubber.text(JSON.stringify(value, undefined, indent)))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  test("nothing given is changed, nothing is thrown, and twice is the same as once", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        const given = frozen(normalise(value));
        const once = scrubber.value(given);

        expect(scrubber.value(once)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });
});
