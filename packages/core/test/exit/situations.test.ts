import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestServer, type TestServer } from "@corvid/test-server";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCertificate } from "../support/certificate.js";
import { startTestProxy } from "../support/proxy.js";
import { runCode, runNode } from "./node-process.js";

let server: TestServer;
let folder: string;

beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), "corvid-exit-"));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The texts of all that arrived, sorted. */
function arrived(of: TestServer = server): string[] {
  return of
    .events()
    .map(({ event }) => event.exception?.values.at(-1)?.value ?? event.logentry?.formatted ?? "")
    .sort();
}

function env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { SENTRY_DSN: server.dsn, SENTRY_RELEASE: "exit@1.0.0", ...more };
}

/** Prints how long the listeners for `exit` took that Corvid has added. */
const TIMED = `
  let startedAt = 0;
  process.on("exit", () => console.log(Math.round(performance.now() - startedAt)));
  const timed = () => process.prependListener("exit", () => { startedAt = performance.now(); });
`;
/** Of a wait that could be endless; the rest of a process's life is no part of it. */
const SLACK_MS = 400;

describe("what the end of a process waits for", () => {
  test("a server that says nothing: no longer than shutdownTimeoutMs", async () => {
    server.setFault({ kind: "hang" });
    const { code, stdout } = await runCode(
      `${TIMED} corvid.init({ shutdownTimeoutMs: 500 }); timed(); corvid.captureMessage("caught"); process.exit(3);`,
      { env: env() },
    );

    expect(code).toBe(3);
    expect(Number(stdout)).toBeGreaterThanOrEqual(499);
    expect(Number(stdout)).toBeLessThan(500 + SLACK_MS);
  });

  test("nothing, when everything has arrived", async () => {
    const { stdout } = await runCode(
      `${TIMED} corvid.init(); timed(); corvid.captureMessage("caught"); await corvid.flush();`,
      { env: env() },
    );

    expect(arrived()).toEqual(["caught"]);
    expect(Number(stdout)).toBeLessThan(10);
  });

  test("nothing, when the server is known to be down", async () => {
    server.setFault({ kind: "cut", when: "before-read" });
    const { stdout } = await runCode(
      `${TIMED}
      const client = corvid.init(); timed(); corvid.captureMessage("caught");
      while (client.stats().destinations[0].state !== "down") await new Promise((resolve) => setTimeout(resolve, 20));
      corvid.captureMessage("another"); process.exit(0);`,
      { env: env() },
    );

    expect(arrived()).toEqual([]);
    expect(Number(stdout)).toBeLessThan(10);
  });

  test("a closed port: no longer than it takes to see that", async () => {
    const { code, stderr, stdout } = await runCode(
      `${TIMED} corvid.init(); timed(); corvid.captureMessage("caught"); process.exit(3);`,
      { env: env({ SENTRY_DSN: "http://key@127.0.0.1:1/1" }) },
    );

    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
    expect(Number(stdout)).toBeLessThan(1000);
  });

  test("one deadline for all clients, and one that hangs leaves time for the others", async () => {
    const hung = await startTestServer();
    hung.setFault({ kind: "hang" });
    const { stdout } = await runCode(
      `${TIMED}
      corvid.init({ shutdownTimeoutMs: 900 }); timed(); corvid.captureMessage("of the process");
      for (const dsn of [${JSON.stringify(hung.dsn)}, ${JSON.stringify(server.dsn)}, ${JSON.stringify(hung.dsn)}])
        new corvid.Client({ dsn, shutdownTimeoutMs: 900 }).captureMessage("of a tenant");
      process.exit();`,
      { env: env({ SENTRY_DSN: hung.dsn }) },
    );
    await hung.close();

    expect(arrived()).toEqual(["of a tenant"]);
    expect(Number(stdout)).toBeLessThan(900 + SLACK_MS);
  });

  test("one deadline for all copies of Corvid", async () => {
    server.setFault({ kind: "hang" });
    const { stdout } = await runCode(
      `import { createRequire } from "node:module";
      ${TIMED}
      const copy = createRequire(process.cwd() + "/package.json")("@corvid/core");
      const clients = [new corvid.Client({ shutdownTimeoutMs: 500 }), new copy.Client({ shutdownTimeoutMs: 500 })];
      timed();
      for (const client of clients) client.captureMessage("caught");
      console.error(copy.Client === corvid.Client, process.listenerCount("exit"));
      process.exit();`,
      { env: env() },
    );

    expect(Number(stdout)).toBeLessThan(500 + SLACK_MS);
  });

  test("a handled error and a hung server: the process ends all the same", async () => {
    server.setFault({ kind: "hang" });
    const { code, afterMs } = await runCode(
      `corvid.init({ shutdownTimeoutMs: 500 }); corvid.captureException(new Error("caught"), { level: "fatal" });`,
      { env: env() },
    );

    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(3000);
  });
});

describe("what the end of a process says", () => {
  test("nothing of connections that were cut to let it end", async () => {
    const sockets = new Set<Socket>();
    const deaf = createServer({ pauseOnConnect: true }, (socket) => {
      sockets.add(socket.on("error", () => undefined));
    });
    await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
    const { port } = deaf.address() as AddressInfo;
    const { code, stderr } = await runCode(
      `import { randomBytes } from "node:crypto";
      import { subscribe } from "node:diagnostics_channel";
      const alive = setInterval(() => undefined, 1000);
      const letGo = () => setTimeout(() => clearInterval(alive), 100);
      subscribe("net.client.socket", ({ socket }) => socket.once("connect", letGo));
      corvid.init({ shutdownTimeoutMs: 100 });
      const attachments = [{ filename: "large.bin", data: randomBytes(20_000_000) }];
      corvid.captureException(new Error("caught"), { level: "fatal", attachments });`,
      { env: env({ SENTRY_DSN: `http://key@127.0.0.1:${port}/1` }) },
    );
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => deaf.close(resolve));

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(sockets.size).toBe(2);
  });
});

describe("what arrives at the end of a process", () => {
  test("everything, of a crowd", async () => {
    await runCode(
      `corvid.init();
      for (let n = 0; n < 300; n++) corvid.captureException(new Error(String.fromCharCode(97 + (n % 26), 97 + n / 26)));
      process.exit(1);`,
      { env: env() },
    );

    expect(new Set(arrived()).size).toBe(300);
    expect(server.problems()).toEqual([]);
  });

  test("every one of many equal ones, as counts", async () => {
    await runCode(
      `corvid.init(); for (let n = 0; n < 13678; n++) corvid.captureMessage("again"); process.exit(1);`,
      { env: env() },
    );
    const counts = server.events().map(({ event }) => {
      const repeats = (event.contexts as { repeats?: { count: number } } | undefined)?.repeats;
      return repeats?.count ?? 1;
    });

    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(13678);
    expect(counts.length).toBeLessThan(20);
  });

  test("once, what is on its way already", async () => {
    server.setFault({ kind: "slow", delayMs: 300 });
    await runCode(
      `const client = corvid.init(); corvid.captureException(new Error("caught"), { level: "fatal" });
      while (client.stats().destinations[0].inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      process.exit(1);`,
      { env: env() },
    );

    expect(arrived()).toEqual(["caught"]);
  });

  test("lines of source, tags and breadcrumbs, as always", async () => {
    const file = join(folder, "app.mjs");
    writeFileSync(
      file,
      `const { addBreadcrumb, init, setTag } = await import(process.argv[2]);
      init(); setTag("order", 7); addBreadcrumb({ message: "paid" });
      setImmediate(() => {
        throw new Error("uncaught"); // the line
      });`,
    );
    await runNode({ argv: [file, import.meta.resolve("../../dist/esm/index.js")], env: env() });
    const [received] = server.events();

    expect(received?.event).toMatchObject({
      level: "fatal",
      tags: { order: "7" },
      breadcrumbs: { values: [{ message: "paid" }] },
    });
    expect(received?.event.exception?.values[0]).toMatchObject({
      mechanism: { type: "auto.node.onuncaughtexception", handled: false },
      stacktrace: { frames: expect.arrayContaining([expect.objectContaining({ lineno: 4 })]) },
    });
    expect(JSON.stringify(received?.event.exception)).toContain(
      'throw new Error(\\"uncaught\\"); // the line',
    );
  });

  test("the request of the failing work", async () => {
    await runCode(
      `corvid.init();
      corvid.withRequestScope((scope) => { scope.setTag("request", "this one"); setTimeout(() => { throw new Error("uncaught"); }, 5); });
      corvid.withRequestScope((scope) => { scope.setTag("request", "another"); });`,
      { env: env() },
    );

    expect(server.events().map(({ event }) => event.tags)).toEqual([{ request: "this one" }]);
  });

  test("all that comes after a signal that did not end the process", async () => {
    const { code } = await runCode(
      `corvid.init(); process.kill = () => true;
      corvid.captureMessage("before"); setTimeout(() => console.log("ready"), 5);
      setTimeout(async () => { corvid.captureMessage("after"); await corvid.close(); process.exit(0); }, 300);`,
      { env: env(), signal: "SIGTERM" },
    );

    expect(code).toBe(0);
    expect(arrived()).toEqual(["after", "before"]);
  });

  test("lines of the console transport", async () => {
    const { stdout } = await runCode(
      `corvid.init({ dsn: false, transport: corvid.consoleTransport() }); corvid.captureMessage("caught"); process.exit(1);`,
    );

    expect(JSON.parse(stdout)).toMatchObject({ message: "caught" });
  });

  test("nothing twice of an error that was caught, reported and thrown on", async () => {
    await runCode(
      `corvid.init(); try { throw new Error("once"); } catch (error) { corvid.captureException(error); throw error; }`,
      { env: env() },
    );

    expect(server.events().map(({ event }) => event.level)).toEqual(["fatal"]);
  });

  test("nothing with shutdownTimeoutMs: 0", async () => {
    await runCode(
      `corvid.init({ shutdownTimeoutMs: 0 }); corvid.captureMessage("caught"); process.exit(1);`,
      {
        env: env(),
      },
    );

    expect(arrived()).toEqual([]);
  });
});

describe("how it gets there", () => {
  test("over TLS, trusting what Node trusts", async () => {
    const { key, cert } = await createCertificate();
    writeFileSync(join(folder, "cert.pem"), cert);
    const front = createTlsServer({ key, cert });
    front.on("secureConnection", (socket) => {
      const onward = connect(server.port, "127.0.0.1");
      socket.on("error", () => onward.destroy()).pipe(onward);
      onward.on("error", () => socket.destroy()).pipe(socket);
    });
    front.removeAllListeners("request");
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    const { port } = front.address() as AddressInfo;
    const dsn = server.dsn.replace("http:", "https:").replace(String(server.port), String(port));
    const proxy = await startTestProxy();
    const code = `corvid.init(); corvid.captureMessage(process.env.WAY); process.exit(1);`;
    const secure = (way: string, more: Readonly<Record<string, string>>): Promise<unknown> =>
      runCode(code, { env: env({ SENTRY_DSN: dsn, WAY: way, ...more }) });
    await secure("with the certificate", { NODE_EXTRA_CA_CERTS: join(folder, "cert.pem") });
    await secure("through a proxy", {
      NODE_EXTRA_CA_CERTS: join(folder, "cert.pem"),
      https_proxy: `http://user:secret@${proxy.address}`,
    });
    await secure("without a check", { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    await secure("untrusted", {});
    await new Promise((resolve) => front.close(resolve));
    await proxy.close();

    expect(arrived()).toEqual(["through a proxy", "with the certificate", "without a check"]);
    expect(proxy.requests.map(({ line }) => line)).toEqual([`CONNECT 127.0.0.1:${port}`]);
    expect(proxy.requests[0]?.authorization).toBe(`Basic ${Buffer.from("user:secret").toString("base64")}`);
  });

  test("through a proxy that forwards", async () => {
    const proxy = await startTestProxy();
    await runCode(`corvid.init(); corvid.captureMessage("caught"); process.exit(1);`, {
      env: env({ http_proxy: `http://${proxy.address}` }),
    });
    await proxy.close();

    expect(arrived()).toEqual(["caught"]);
    expect(proxy.requests.map(({ line }) => line)).toEqual([
      `POST http://127.0.0.1:${server.port}/api/1/envelope/`,
    ]);
  });

  test("with none of the application's own start repeated", async () => {
    const preload = join(folder, "preload.cjs");
    writeFileSync(preload, `console.log("preloaded");`);
    const { stdout } = await runCode(`corvid.init(); corvid.captureMessage("caught"); process.exit(1);`, {
      env: env({ NODE_OPTIONS: `--require=${preload} --import=${preload} --trace-warnings` }),
    });

    expect(arrived()).toEqual(["caught"]);
    expect(stdout).toBe("preloaded\n");
  });

  test("not at all where Node's permission model allows no threads, and nothing breaks", async () => {
    const flag = process.allowedNodeEnvironmentFlags.has("--permission")
      ? "--permission"
      : "--experimental-permission";
    const file = join(folder, "app.mjs");
    writeFileSync(file, `(await import(process.argv[2])).init(); throw new Error("uncaught");`);
    const argv = [flag, "--allow-fs-read=*", file, import.meta.resolve("../../dist/esm/index.js")];
    const { code, stderr } = await runNode({ argv, env: env() });

    expect(code).toBe(1);
    expect(stderr).toContain("Error: uncaught");
    expect(stderr).not.toContain("ERR_ACCESS_DENIED");
    expect(arrived()).toEqual([]);
  });

  test.each(["cjs", "esm"] as const)("from an application that is bundled (%s)", async (format) => {
    const outfile = join(folder, format === "esm" ? "app.mjs" : "app.cjs");
    await build({
      stdin: {
        contents: `import { init } from "@corvid/core"; init(); throw new Error("bundled");`,
        resolveDir: import.meta.dirname,
      },
      outfile,
      bundle: true,
      minify: true,
      keepNames: true,
      platform: "node",
      format,
      logLevel: "error",
    });
    const { code } = await runNode({ argv: [outfile], env: env() });

    expect(code).toBe(1);
    expect(arrived()).toEqual(["bundled"]);
  });

  test.each(["--import", "--require"])("from %s @corvid/core/register", async (option) => {
    const argv = [option, "@corvid/core/register", "--eval", `throw new Error("uncaught")`];
    const { code, stderr } = await runNode({ argv, env: env() });

    expect(code).toBe(1);
    expect(stderr).toContain("Error: uncaught");
    expect(arrived()).toEqual(["uncaught"]);
  });

  test("from @corvid/core/register in a bundle", async () => {
    const outfile = join(folder, "app.mjs");
    const contents = `import "@corvid/core/register"; throw new Error("bundled");`;
    const stdin = { contents, resolveDir: import.meta.dirname };
    await build({ stdin, outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
    await runNode({ argv: [outfile], env: env() });

    expect(arrived()).toEqual(["bundled"]);
  });
});
