/**
 * Lets the real client of another project, @sentry/node, report to the built server, and looks at what arrived.
 *
 *     node test/live/live-sentry-node.mjs              install it (in the temporary folder), run it, check
 *     node test/live/live-sentry-node.mjs --record     and write what it sent to test/fixtures/sentry-node-10
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestServer } from "../../dist/esm/index.js";

const VERSION = "10.78.0";
// Outside of any node_modules, where the client would take the shop for a library.
const folder = join(tmpdir(), "corvid-live-sentry-node");
const fixtures = fileURLToPath(new URL("../fixtures/sentry-node-10", import.meta.url));

mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/package.json`, '{ "private": true, "type": "module" }\n');
execFileSync("npm", ["install", "--no-audit", "--no-fund", `@sentry/node@${VERSION}`], {
  cwd: folder,
  stdio: "inherit",
});
copyFileSync(new URL("app.mjs", import.meta.url), `${folder}/app.mjs`);

const server = await startTestServer();
const sent = [];
const proxy = await startProxy();
try {
  const dsn = server.dsn.replace(`:${server.port}`, `:${proxy.address().port}`);
  const app = spawn(process.execPath, ["app.mjs"], {
    cwd: folder,
    env: { PATH: process.env.PATH, TEST_DSN: dsn },
    stdio: "inherit",
  });
  const [code] = await once(app, "exit");
  assert.equal(code, 0);
  const titles = server
    .groups()
    .map(({ type, value }) => `${type}: ${value}`)
    .sort();
  assert.deepEqual(titles, ["AggregateError: both failed", "Error: card was refused", "Error: stock is low"]);
  assert.deepEqual(
    server
      .requests()
      .map(({ status }) => status)
      .filter((status) => status !== 200),
    [],
  );
  console.log(
    `@sentry/node ${VERSION}: ${server.events().length} events in ${server.requests().length} requests, all accepted`,
  );
  if (process.argv.includes("--record")) record();
} finally {
  proxy.close();
  proxy.closeAllConnections();
  await server.close();
}

/** Stands between the client and the server, and keeps the bytes. */
async function startProxy() {
  const proxy = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    sent.push({ path: request.url, headers: request.headers, body });
    const { "transfer-encoding": _, ...headers } = request.headers;
    const answer = await fetch(server.url + request.url, { method: "POST", headers: only(headers), body });
    response.writeHead(answer.status).end(await answer.text());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return proxy;
}

function record() {
  mkdirSync(fixtures, { recursive: true });
  const index = sent.map(({ path, headers, body }, number) => {
    const file = `${number + 1}.bin`;
    // Plain bodies are cleaned of this machine; the client compresses larger ones only.
    assert.equal(headers["content-encoding"], undefined);
    writeFileSync(`${fixtures}/${file}`, Buffer.from(scrubbed(body.toString("utf8"))));
    return { file, path, headers: only(headers) };
  });
  writeFileSync(`${fixtures}/requests.json`, `${JSON.stringify(index, null, 2)}\n`);
}

function only(headers) {
  const kept = ["user-agent", "content-type", "content-encoding", "x-sentry-auth"];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => kept.includes(name)));
}

/**
 * Takes this machine out, and the source lines of other people's packages. The client gives its JSON items no length,
 * so nothing has to be counted again.
 */
function scrubbed(text) {
  return text
    .replaceAll(folder, "/app")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:3000")
    .split("\n")
    .map(scrubbedLine)
    .join("\n");
}

function scrubbedLine(line) {
  if (!line.startsWith("{")) return line;
  const value = JSON.parse(line);
  for (const frame of [value.exception, value.threads]
    .flatMap((part) => part?.values ?? [])
    .flatMap(({ stacktrace }) => stacktrace?.frames ?? [])) {
    if (frame.in_app) continue;
    for (const key of ["pre_context", "context_line", "post_context"]) delete frame[key];
  }
  if (value.contexts !== undefined) {
    Object.assign(value.contexts, {
      app: { app_start_time: "2026-01-02T03:04:05.678Z", app_memory: 50_000_000, free_memory: 50_000_000 },
      device: { arch: "x64", memory_size: 8_589_934_592, processor_count: 2 },
      os: { name: "Linux", kernel_version: "6.1.0" },
      culture: { locale: "en-US", timezone: "UTC" },
    });
  }
  return JSON.stringify(value);
}
