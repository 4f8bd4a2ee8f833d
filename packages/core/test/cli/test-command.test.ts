import { type Fault, rateLimited, startTestServer, type TestServer } from "@corvid/test-server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createCertificate } from "../support/certificate.js";
import { startTestProxy, type TestProxy } from "../support/proxy.js";
import { about, run, runJson } from "./run.js";
import { certificateFor, deadPort, type Listener, listen, listenSecurely, saying } from "./servers.js";

let server: TestServer;
let proxy: TestProxy;
const listeners: Listener[] = [];

beforeAll(async () => {
  [server, proxy] = await Promise.all([startTestServer(), startTestProxy()]);
});

afterAll(async () => {
  await Promise.all([server.close(), proxy.close()]);
});

afterEach(async () => {
  server.clear();
  proxy.refuseWith = undefined;
  proxy.isHung = false;
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function listening(starting: Promise<Listener>): Promise<number> {
  const listener = await starting;
  listeners.push(listener);
  return listener.port;
}

function answering(status: number, more: Partial<Extract<Fault, { kind: "status" }>> = {}): Fault {
  return { kind: "status", status, ...more };
}

describe("corvid test", () => {
  test("sends one event, and tells each step", async () => {
    const { code, out, err } = await run(["test", server.dsn]);
    const [received] = server.events();

    expect({ code, err, problems: server.problems(), requests: server.requests().length }).toEqual({
      code: 0,
      err: "",
      problems: [],
      requests: 1,
    });
    expect(received?.event).toMatchObject({ level: "info", tags: { "corvid.command": "test" } });
    expect(out.split("\n")).toEqual([
      `ok       dsn          ${server.dsn}, from the command line`,
      "ok       proxy        none",
      expect.stringMatching(/^ok {7}connection {3}127\.0\.0\.1:\d+ takes it \(\d+ ms\)$/),
      expect.stringMatching(/^ok {7}event {8}[0-9a-f]{32}, release \S+, environment \S+$/),
      `ok       answer       ${out.match(/200 OK after \d+ ms/)?.[0]}: {"id":"${received!.id}"}`,
      "",
      `The server has event ${received!.id}.`,
      "",
    ]);
  });

  test("--json prints one document with the same findings", async () => {
    const document = await runJson(["test"], { env: { SENTRY_DSN: server.dsn } });
    const { id } = server.events()[0]!;

    expect(document).toEqual({
      command: "test",
      version: "0.0.0-source",
      ok: true,
      findings: expect.any(Array),
      eventId: id,
    });
    expect(document.findings.map(({ topic, state }) => `${topic} ${state}`)).toEqual([
      "dsn ok",
      "proxy ok",
      "connection ok",
      "event ok",
      "answer ok",
    ]);
    expect(about("dsn", document).details).toEqual({ dsn: server.dsn, source: "SENTRY_DSN" });
    expect(about("answer", document).details).toMatchObject({ status: 200, limits: [] });
  });

  test("tells the addresses of a name", async () => {
    const document = await runJson(["test", server.dsn.replace("127.0.0.1", "localhost")]);

    expect(document.ok).toBe(true);
    expect(about("name", document).details).toMatchObject({
      host: "localhost",
      addresses: expect.arrayContaining(["127.0.0.1"]),
    });
  });

  test.each([
    [undefined, "SENTRY_DSN is not set"],
    ["  ", "SENTRY_DSN is not set"],
    ["http:/key@host/1", "Invalid DSN: text"],
    ["ftp://key@host/1", "Invalid DSN: protocol"],
    ["http://host/1", "Invalid DSN: public key"],
    ["http://key@/1", "Invalid DSN: host"],
    ["http://key:hidden@host/", "Invalid DSN: project id"],
  ])("SENTRY_DSN=%j is a problem", async (dsn, text) => {
    const { code, out } = await run(["test"], { env: { SENTRY_DSN: dsn } });

    expect(code).toBe(1);
    expect(out).toContain(text);
    expect(out).not.toContain("hidden");
  });

  test("never prints the secret key, though the server repeats it", async () => {
    server.setFault(answering(403, { body: '{"detail":"bad secret hidden-key"}' }));
    const dsn = server.dsn.replace("@", ":hidden-key@");
    const [{ out }, document] = [await run(["test", dsn]), await runJson(["test", dsn])];

    expect(out).toContain("bad secret [Filtered]");
    expect(out + JSON.stringify(document)).not.toContain("hidden-key");
  });

  test.each<[number, RegExp]>([
    [400, /cannot make sense/],
    [401, /does not accept the key/],
    [403, /refuses the key, the project, or this event/],
    [404, /nothing at this address/],
    [405, /takes no reports/],
    [413, /too large/],
    [418, /takes no reports/],
    [429, /quota or rate limit/],
    [500, /in trouble/],
    [501, /does not know how/],
    [502, /gateway answers/],
    [503, /overloaded/],
    [504, /gateway answers/],
    [529, /in trouble/],
  ])("explains %i, and sends no second time", async (status, advice) => {
    server.setFault(answering(status, { body: '{"detail":"as told"}' }));
    const document = await runJson(["test", server.dsn]);

    expect(document.ok).toBe(false);
    expect(about("answer", document)).toMatchObject({
      state: "problem",
      text: expect.stringMatching(new RegExp(`^${status} .*as told`)),
      advice: expect.stringMatching(advice),
      details: { status },
    });
    expect(server.requests()).toHaveLength(1);
  });

  test("tells where a redirect leads, without following it", async () => {
    server.setFault({
      kind: "redirect",
      location: "https://user:hidden@elsewhere.example/api/1/envelope/?a=b",
    });
    const { code, out } = await run(["test", server.dsn]);

    expect(code).toBe(1);
    expect(out).toContain(
      "elsewhere to https://elsewhere.example/api/1/envelope/, and Corvid does not follow",
    );
    expect(out).not.toContain("hidden");
  });

  test("tells rate limits, also with 200", async () => {
    server.setFault(
      rateLimited({ status: 200, limits: "60:error;default:key, 5::organization", accept: true }),
    );
    const document = await runJson(["test", server.dsn]);

    expect(document.ok).toBe(true);
    expect(about("rate limits", document)).toMatchObject({
      state: "note",
      text: "error for 60 s, default for 60 s, all for 5 s",
    });
  });

  test("an empty answer may mean that the event was discarded", async () => {
    server.setFault(answering(200, { body: "", accept: true }));

    expect(about("answer", await runJson(["test", server.dsn]))).toMatchObject({
      state: "ok",
      advice: expect.stringContaining("look whether it is there"),
    });
  });

  test("a web page is no answer, whatever its status", async () => {
    const page = "<!doctype html><title>Welcome\u001b[31m</title>";
    const port = await listening(
      listen(saying(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(page)}\r\n\r\n${page}`)),
    );
    const { code, out } = await run(["test", `http://key@127.0.0.1:${port}/1`]);

    expect(code).toBe(1);
    expect(out).toContain("not how a server for error reports answers");
    expect(out).not.toContain("\u001b");
  });
});

describe("corvid test, when nobody answers", () => {
  test("a dead port", async () => {
    const document = await runJson(["test", `http://key@127.0.0.1:${await deadPort()}/1`]);

    expect(document).toMatchObject({ ok: false });
    expect(about("connection", document)).toMatchObject({
      text: expect.stringContaining("ECONNREFUSED"),
      advice: expect.stringContaining("nothing listens on this port"),
    });
  });

  test("a name nobody knows", async () => {
    const document = await runJson(["test", "http://key@corvid.invalid/1", "--timeout", "5"]);

    expect(about("name", document)).toMatchObject({
      state: "problem",
      text: expect.stringContaining("corvid.invalid"),
    });
    expect(document.findings.at(-1)!.topic).toBe("name");
  });

  test.each([
    ["a server that hangs", () => listen(() => undefined)],
    [
      "one that answers a byte and no more",
      () => listen((socket) => void socket.once("data", () => socket.write("H"))),
    ],
  ])("%s, within the timeout", async (_, starting) => {
    const port = await listening(starting());
    const startedAt = performance.now();
    const document = await runJson(["test", `http://key@127.0.0.1:${port}/1`, "--timeout", "0.3"]);

    expect(about("answer", document)).toMatchObject({
      state: "problem",
      text: expect.stringMatching(/no answer within/),
      advice: expect.stringContaining("Nobody answers"),
    });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test.each([
    ["something that is no HTTP", saying("220 mail.example ESMTP\r\n"), /not in HTTP/],
    ["a connection that is cut", (socket: { destroy(): void }) => void socket.destroy(), /cut|closed/],
  ])("%s", async (_, answer, advice) => {
    const port = await listening(listen(answer));
    const { code, out } = await run(["test", `http://key@127.0.0.1:${port}/1`]);

    expect(code).toBe(1);
    expect(out).toMatch(advice);
  });
});

describe("corvid test, with TLS", () => {
  test("a certificate that signs itself", async () => {
    const port = await listening(
      listenSecurely(await createCertificate(), saying("HTTP/1.1 200 OK\r\n\r\n")),
    );
    const document = await runJson(["test", `https://key@localhost:${port}/1`]);

    expect(about("certificate", document)).toMatchObject({
      state: "problem",
      text: expect.stringMatching(/^TLSv1\.3, issued by corvid-test-only, .*DEPTH_ZERO_SELF_SIGNED_CERT$/),
      advice: expect.stringContaining("NODE_EXTRA_CA_CERTS=/path/to/ca.pem"),
      details: { issuer: "corvid-test-only", trouble: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    expect(document.findings.at(-1)!.topic).toBe("certificate");
  });

  test("an authority that is still missing from NODE_EXTRA_CA_CERTS", async () => {
    const port = await listening(listenSecurely(await certificateFor("localhost", 90), () => undefined));
    const env = { NODE_EXTRA_CA_CERTS: "/etc/own.pem" };

    expect(
      about("certificate", await runJson(["test", `https://key@localhost:${port}/1`], { env })),
    ).toMatchObject({
      state: "problem",
      advice: expect.stringContaining("NODE_EXTRA_CA_CERTS is set (/etc/own.pem)"),
    });
  });

  test("a server that speaks no TLS", async () => {
    const document = await runJson(["test", server.dsn.replace("http:", "https:")]);

    expect(about("certificate", document)).toMatchObject({
      state: "problem",
      advice: expect.stringContaining("does not speak TLS on this port"),
    });
  });

  test("a server that hangs in the handshake", async () => {
    const port = await listening(listen(() => undefined));
    const document = await runJson(["test", `https://key@127.0.0.1:${port}/1`, "--timeout", "0.3"]);

    expect(about("certificate", document)).toMatchObject({
      state: "problem",
      text: expect.stringContaining("no answer within 0.3 s"),
    });
  });

  test("http where the server wants https", async () => {
    const port = await listening(listenSecurely(await createCertificate(), () => undefined));
    const { code, out } = await run(["test", `http://key@localhost:${port}/1`]);

    expect(code).toBe(1);
    expect(out).toMatch(/problem {2}answer/);
  });
});

describe("corvid test, through a proxy", () => {
  const through = (more: object = {}) => ({
    env: {
      http_proxy: `http://me:hidden-word@${proxy.address}`,
      https_proxy: `http://me:hidden-word@${proxy.address}`,
      ...more,
    },
  });

  test("names it, and goes that way", async () => {
    const { code, out } = await run(["test", server.dsn], through());

    expect(code).toBe(0);
    expect(out).toContain(`proxy        http://${proxy.address}, from the environment, with credentials`);
    expect(out).not.toContain("hidden-word");
    expect(proxy.requests.at(-1)).toMatchObject({
      line: expect.stringContaining("/api/1/envelope/"),
      authorization: `Basic ${btoa("me:hidden-word")}`,
    });
  });

  test("says when no_proxy excepts the host", async () => {
    const document = await runJson(["test", server.dsn], through({ no_proxy: "127.0.0.0/8" }));

    expect(about("proxy", document).text).toBe("none: no_proxy excepts this host");
  });

  test.each([
    ["407 Proxy Authentication Required", /wants a user and password/],
    ["403 Forbidden", /rules forbid it.*no_proxy=localhost/],
    ["503 Service Unavailable", /cannot reach localhost:\d+/],
    ["200", undefined],
  ])("CONNECT is answered %s", async (status, advice) => {
    proxy.refuseWith = status;
    const { findings } = await runJson(["test", "https://key@localhost:1/1"], through());

    if (advice === undefined)
      expect(findings.at(-1)).toMatchObject({ topic: "certificate", state: "problem" });
    else
      expect(findings.at(-1)).toMatchObject({
        topic: "tunnel",
        state: "problem",
        advice: expect.stringMatching(advice),
      });
  });

  test("a proxy that hangs", async () => {
    proxy.isHung = true;
    const document = await runJson(["test", "https://key@localhost:1/1", "--timeout", "0.3"], through());

    expect(about("tunnel", document)).toMatchObject({
      state: "problem",
      text: expect.stringContaining("no answer within"),
    });
  });

  test("a proxy that cannot be used is a problem, and gone without", async () => {
    const document = await runJson(["test", server.dsn], {
      env: { http_proxy: "socks5://me:hidden-word@host" },
    });

    expect(about("proxy", document)).toMatchObject({
      state: "problem",
      text: expect.stringContaining("http_proxy"),
    });
    expect(about("answer", document).state).toBe("ok");
    expect(JSON.stringify(document)).not.toContain("hidden-word");
  });
});

describe("corvid test, and the hop that answered", () => {
  test("a proxy that is not there", async () => {
    const port = await deadPort();
    const { findings } = await runJson(["test", server.dsn], {
      env: { http_proxy: `http://127.0.0.1:${port}` },
    });

    expect(findings.at(-1)).toMatchObject({
      topic: "connection",
      state: "problem",
      advice: expect.stringContaining("This is the proxy, not the server"),
    });
  });

  test("a proxy that forbids the request", async () => {
    const page = "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    const port = await listening(listen(saying(page)));
    const document = await runJson(["test", server.dsn], { env: { http_proxy: `http://127.0.0.1:${port}` } });

    expect(about("answer", document).advice).toContain(`the answer of the proxy 127.0.0.1:${port}`);
  });

  test("a port that speaks TLS, and an http DSN", async () => {
    const { key, cert } = await certificateFor("localhost", 10);
    const port = await listening(listenSecurely({ key, cert }, () => undefined));
    const document = await runJson(["test", `http://key@127.0.0.1:${port}/1`]);

    expect(about("answer", document).advice).toBe(
      `This port speaks TLS: write https://…@127.0.0.1:${port} into the DSN.`,
    );
  });

  test("a DSN in quotes", async () => {
    const document = await runJson(["test"], { env: { SENTRY_DSN: `"${server.dsn}"` } });

    expect(about("dsn", document)).toMatchObject({
      text: expect.stringContaining("received one in quotes"),
      advice: expect.stringContaining("Take the quotes away"),
    });
  });

  test("a clock that is wrong", async () => {
    const date = new Date(Date.now() + 600_000).toUTCString();
    const answer = `HTTP/1.1 200 OK\r\nDate: ${date}\r\nContent-Length: 2\r\n\r\n{}`;
    const port = await listening(listen(saying(answer)));
    const document = await runJson(["test", `http://key@127.0.0.1:${port}/1`]);

    expect(about("clock", document).text).toMatch(
      /^this machine's clock is (?:599|600) s behind the server's$/,
    );
  });

  test("limits of what Corvid never sends are no news", async () => {
    const limits = "60:transaction;span:organization,60:log_item:organization";
    const answer = `HTTP/1.1 200 OK\r\nX-Sentry-Rate-Limits: ${limits}\r\nContent-Length: 2\r\n\r\n{}`;
    const port = await listening(listen(saying(answer)));
    const { findings } = await runJson(["test", `http://key@127.0.0.1:${port}/1`]);

    expect(findings.map(({ topic }) => topic)).not.toContain("rate limits");
  });
});
