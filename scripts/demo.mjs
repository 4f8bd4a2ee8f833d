/**
 * Shows the main job: starts a server, then applications that fail in each of the ways people use Corvid, and prints
 * each event as it arrives.
 *
 *     npm run demo              stays until Ctrl-C, so that the page can be looked at
 *     npm run demo -- --exit    ends by itself: 0 when exactly the expected events arrived
 *     npm run demo -- --port N  port of the page (default: any free one)
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startTestServer } from "../test-server/dist/esm/index.js";
import { manifestIn, ROOT } from "./packages.mjs";

const RELEASE = "demo@1.0.0";
const ARRIVES_WITHIN_MS = 10_000;

/**
 * The examples that have something to show: `corvid.demo` of a package.json says what is asked of one, and what must
 * arrive. An event is `type: message | route | user`.
 */
const EXAMPLES = readdirSync(new URL("../examples", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ folder: name, ...manifestIn(join(ROOT, "examples", name)).corvid?.demo }))
  .filter(({ expected }) => expected !== undefined);

const { values: flags } = parseArgs({ options: { exit: { type: "boolean" }, port: { type: "string" } } });
const server = await startTestServer({ port: Number(flags.port ?? 0) });
server.onEvent((received) => say(`  ${describe(received.event)}`));
say(`Events are shown at ${server.url}\n`);

const failures = [];
for (const example of EXAMPLES) await show(example);
for (const { kind, detail } of server.problems())
  failures.push(`the server found a problem: ${kind}: ${detail}`);

if (flags.exit === true || failures.length > 0) await finish();
else await stayUntilInterrupted();

async function show({ title, folder, requests = [], expected }) {
  say(`${title} (examples/${folder})`);
  const before = server.events().length;
  const application = start(folder, requests);
  try {
    if (requests.length > 0) await ask(await application.address, requests);
    await server
      .waitForEvents((events) => events.length >= before + expected.length, ARRIVES_WITHIN_MS)
      .catch(() => undefined);
  } finally {
    await application.end();
  }
  compare(
    title,
    server
      .events()
      .slice(before)
      .map(({ event }) => summary(event)),
    expected,
  );
  say("");
}

/** Starts an example as its own process. One without an address ends by itself. */
function start(folder, requests) {
  const path = fileURLToPath(new URL(`../examples/${folder}`, import.meta.url));
  const env = { ...process.env, SENTRY_DSN: server.dsn, SENTRY_RELEASE: RELEASE, PORT: "0" };
  const child = spawn(process.execPath, ["."], { cwd: path, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints += text;
  });
  const address = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const listening = /^\{"listening":"([^"]+)"\}$/.exec(line)?.[1];
      if (listening !== undefined) resolve(listening);
    });
    ended.then(() => reject(new Error(`examples/${folder} ended before it listened`)));
  });
  address.catch(() => undefined);
  return {
    address,
    /** A server is asked to end; a script ends by itself. */
    async end() {
      const patience = setTimeout(() => child.kill("SIGTERM"), requests.length > 0 ? 0 : ARRIVES_WITHIN_MS);
      const [code] = await ended;
      clearTimeout(patience);
      if (code !== 0) failures.push(`examples/${folder} ended with ${code}: ${complaints}`);
    },
  };
}

async function ask(address, requests) {
  for (const [method, path] of requests) {
    const response = await fetch(new URL(path, address), { method, headers: { "x-user": "ann" } });
    await response.arrayBuffer();
    say(`  ${method} ${path} answered ${response.status}`);
  }
}

function compare(title, arrived, expected) {
  const missing = expected.filter((event) => !arrived.includes(event));
  const unexpected = arrived.filter((event) => !expected.includes(event));
  for (const event of missing) failures.push(`${title}: did not arrive: ${event}`);
  for (const event of unexpected) failures.push(`${title}: was not expected: ${event}`);
  if (missing.length === 0 && arrived.length > expected.length)
    failures.push(`${title}: arrived more than once`);
}

function summary(event) {
  return [headline(event), event.transaction, event.user?.id]
    .filter((part) => part !== undefined)
    .join(" | ");
}

function describe(event) {
  const frames = event.exception?.values.at(-1)?.stacktrace?.frames ?? [];
  const site = frames.findLast((frame) => frame.in_app) ?? frames.at(-1);
  const parts = [
    headline(event),
    site === undefined ? undefined : `at ${site.filename}:${site.lineno}`,
    event.transaction,
    event.user === undefined ? undefined : `user ${event.user.id}`,
    event.release,
  ];
  return `→ ${parts.filter((part) => part !== undefined).join("  ·  ")}`;
}

function headline(event) {
  const root = event.exception?.values.at(-1);
  return root === undefined ? (event.logentry?.formatted ?? "event") : `${root.type}: ${root.value}`;
}

async function finish() {
  for (const failure of failures) say(`✗ ${failure}`);
  if (failures.length === 0)
    say(`✓ ${server.events().length} events arrived: all that were expected, and nothing else.`);
  await server.close();
  process.exitCode = failures.length === 0 ? 0 : 1;
}

async function stayUntilInterrupted() {
  say(`✓ ${server.events().length} events arrived. Look at them at ${server.url}; Ctrl-C ends.`);
  await once(process, "SIGINT");
  await finish();
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
