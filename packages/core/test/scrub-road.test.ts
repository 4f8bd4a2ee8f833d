import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { captureEvent, captureException, captureMessage } from "../src/context/api.js";
import { withScope } from "../src/context/current.js";
import type { Event, Json } from "../src/model/event.js";
import type { Client } from "../src/node/client.js";
import { init } from "../src/node/client.js";
import { previewScrub } from "../src/process/scrub.js";

/** Ten secrets, made up, each in the clothes in which it usually walks about. */
const SECRETS = {
  password: "correct-horse-7719",
  card: "4242 4242 4242 4242",
  token: "tok_live_Zx81kQpW55",
  authorization: "Bearer aXv3-kk81-0pQz-99vB",
  cookie: "session=s3ss10n-77aa-42ff; theme=dark",
  "x-api-key": "key-8811-3344-aabb",
  jwt: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJl",
  aws_secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  database_url: "postgres://shop:pg-pass-5150@db.internal/orders",
  private_key: "-----BEGIN PRIVATE KEY-----\nMIIBVwIBADANBgkqhkiG9w0\n-----END PRIVATE KEY-----",
};
/** What of them must not be found anywhere. */
const CORES = [
  "correct-horse-7719",
  "4242 4242",
  "4242424242424242",
  "tok_live_Zx81kQpW55",
  "aXv3-kk81-0pQz-99vB",
  "s3ss10n-77aa-42ff",
  "key-8811-3344-aabb",
  "eyJhbGciOiJIUzI1NiJ9",
  "wJalrXUtnFEMI",
  "pg-pass-5150",
  "MIIBVwIBADANBgkqhkiG9w0",
];
const AS_QUERY = `${new URLSearchParams(SECRETS)}`;
const AS_PROSE = Object.entries(SECRETS)
  .map(([name, value]) => `${name}=${value}`)
  .join("\n");
const AS_JSON = JSON.stringify(SECRETS);
const AS_ARGUMENTS = ["node", "app.js", "--password", SECRETS.password, `--token=${SECRETS.token}`];
/** Keeps its place among the secrets. */
const HARMLESS = "order 4711 of ann";

/** Every place in which the application can put something. */
const PLACES: Record<string, () => void> = {
  "the message of an error": () => void captureException(new Error(`${AS_PROSE}\n${HARMLESS}`)),
  "a message that holds JSON": () => void captureException(new Error(`${HARMLESS}: ${AS_JSON}`)),
  "a cause": () =>
    void captureException(new Error(HARMLESS, { cause: new Error(AS_PROSE, { cause: AS_JSON }) })),
  "a cause that is an object": () => void captureException(new Error(HARMLESS, { cause: { ...SECRETS } })),
  "a group of errors": () =>
    void captureException(new AggregateError([new Error(AS_PROSE), AS_JSON], HARMLESS)),
  "own properties of an error": () =>
    void captureException(
      Object.assign(new Error(HARMLESS), { ...SECRETS, config: { headers: SECRETS, data: AS_JSON } }),
    ),
  "a thrown object": () => void captureException({ ...SECRETS, HARMLESS }),
  "a thrown string": () => void captureException(`${HARMLESS} ${AS_PROSE}`),
  "a message": () => void captureMessage(`${HARMLESS} ${AS_PROSE}`),
  "a template's values": () => void captureMessage("%s and %s", { params: [HARMLESS, AS_JSON] }),
  "a hint": () =>
    void captureException(new Error(HARMLESS), {
      extra: { ...SECRETS, nested: { list: [SECRETS, AS_JSON] }, map: new Map(Object.entries(SECRETS)) },
      contexts: { shop: { ...SECRETS, query: AS_QUERY }, process: { argv: AS_ARGUMENTS } },
      tags: { ...SECRETS },
      transaction: `GET /pay?${AS_QUERY}`,
      fingerprint: [AS_PROSE],
      mechanism: { type: "generic", description: AS_PROSE, data: { ...SECRETS } },
    }),
  "a request": () =>
    void captureException(new Error(HARMLESS), {
      request: {
        method: "POST",
        url: `https://ann:${SECRETS.password}@shop.test/pay?${AS_QUERY}`,
        query_string: AS_QUERY,
        headers: { ...SECRETS, "set-cookie": SECRETS.cookie, referer: `https://shop.test/?${AS_QUERY}` },
        cookies: { session: "s3ss10n-77aa-42ff", auth_token: SECRETS.token },
        data: { ...SECRETS },
        env: { ...SECRETS },
      },
    }),
  "a request with a form": () => void captureException(new Error(HARMLESS), { request: { data: AS_QUERY } }),
  "a scope": () =>
    withScope((scope) => {
      scope
        .setTags(SECRETS)
        .setExtras(SECRETS)
        .setContext("shop", { ...SECRETS })
        .setTransaction(`GET /pay?${AS_QUERY}`)
        .addBreadcrumb({ message: AS_PROSE, category: "pay", data: { ...SECRETS } })
        .addBreadcrumb({
          type: "http",
          data: { method: "POST", url: `https://pay.test/?${AS_QUERY}`, "http.query": AS_QUERY },
        });
      captureException(new Error(HARMLESS));
    }),
  "an event with local variables": () =>
    void captureEvent({
      exception: {
        values: [
          {
            type: "Error",
            value: HARMLESS,
            stacktrace: {
              frames: [
                {
                  function: "pay",
                  filename: "orders.js",
                  vars: { ...SECRETS, request: { headers: SECRETS } },
                  context_line: `charge("4242424242424242", await password());`,
                  pre_context: [`const jwt = "${SECRETS.jwt}";`, SECRETS.database_url],
                },
              ],
            },
          },
        ],
      },
      breadcrumbs: { values: [{ message: AS_JSON, data: { ...SECRETS } }] },
      request: { url: `https://shop.test/?${AS_QUERY}` },
      logentry: { message: AS_PROSE, params: [AS_JSON] },
    }),
};

describe("no secret leaves the process by way of", () => {
  let server: TestServer;
  let client: Client;

  beforeEach(async () => {
    server = await startTestServer();
    client = init({ dsn: server.dsn, once: { mergeMs: 0 }, contextLines: 0 });
  });
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  /** All that came over the wire. */
  async function received(): Promise<string> {
    expect(await client.flush(10_000)).toBe(true);
    return JSON.stringify([server.events(), server.requests(), server.items()]);
  }

  test.each(Object.entries(PLACES))("%s", async (_place, capture) => {
    capture();

    const text = await received();
    expect(server.events()).toHaveLength(1);
    expect(text).toContain(HARMLESS);
    expect(text).toContain("[Filtered]");
    expect(CORES.filter((core) => text.includes(core) || text.includes(encodeURIComponent(core)))).toEqual(
      [],
    );
    expect(server.problems()).toEqual([]);
  });

  test("a hook", async () => {
    await client.close();
    const options = { dsn: server.dsn, once: { mergeMs: 0 } };
    client = init({
      ...options,
      beforeSend: (event) => ({ ...event, extra: { ...SECRETS, HARMLESS } }),
    });
    client.captureException(new Error("x"));

    const text = await received();
    expect(text).toContain(HARMLESS);
    expect(CORES.filter((core) => text.includes(core))).toEqual([]);
  });

  test("nothing of what the application holds: it is left as it was", async () => {
    const headers = { ...SECRETS };
    const error = Object.assign(new Error(AS_PROSE), { config: { headers } });

    client.captureException(error, { extra: { headers }, request: { headers } });
    await received();

    expect(headers).toEqual(SECRETS);
    expect(error.message).toBe(AS_PROSE);
  });
});

describe("scrubbing", () => {
  test("leaves what was given to setUser", async () => {
    const server = await startTestServer();
    const client = init({ dsn: server.dsn });
    const user = {
      id: "key-8811",
      username: "4242 4242",
      email: "token@secret.test",
      ip_address: "10.0.0.1",
    };
    withScope((scope) => {
      scope.setUser({ ...user, api_key: SECRETS["x-api-key"] });
      client.captureException(new Error("x"));
    });
    await client.close();
    const events = server.events();
    await server.close();

    expect((events[0]?.event as Event | undefined)?.user).toEqual({
      ...user,
      data: { api_key: "[Filtered]" },
    });
  });

  test("can be tried out before", () => {
    const shown = previewScrub({ ...SECRETS, tenant: "acme", note: "order 7" }, { keys: ["tenant"] })
      .value as Record<string, Json>;

    expect(shown).toMatchObject({ tenant: "[Filtered]", note: "order 7" });
    expect(CORES.filter((core) => JSON.stringify(shown).includes(core))).toEqual([]);
  });
});
