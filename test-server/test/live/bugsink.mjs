/**
 * What a real server shows: sends one event of each kind to Bugsink (strict: it refuses what fails its schema) and
 * reads back title, number of issues and the last breadcrumb. Needs python3 with venv; installs Bugsink from PyPI into a
 * temporary folder. Loopback only; ends what it started.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as corvid from "../../../packages/core/dist/esm/index.js";

const PORT = 18811;
const folder = mkdtempSync(join(tmpdir(), "corvid-bugsink-"));
const env = { ...process.env, DJANGO_SETTINGS_MODULE: "bugsink_conf", PYTHONPATH: "." };
const run = (command, args, more = {}) =>
  execFileSync(command, args, {
    cwd: folder,
    env: { ...env, ...more },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });

const named = (name, error) => Object.assign(error, { name });
const ISSUES = [
  { path: ["user", "age"], message: "Required" },
  { path: ["user", "name"], message: "Too short" },
];

/** Each kind: what is captured, and the title it has. */
const KINDS = [
  ["out of stock", "Thrown string: out of stock"],
  [{ status: 500 }, 'Thrown Object: {"status":500}'],
  [new Response("", { status: 503, statusText: "Unavailable" }), "Thrown Response: 503 Unavailable"],
  [Object.assign(new Error(), { code: "ECONNRESET" }), "Error: ECONNRESET"],
  [new RangeError("\nfirst line\nsecond line"), "RangeError: first line\nsecond line"],
  [new AggregateError([new Error("a"), new Error("b")]), "AggregateError: Error: a (and 1 more)"],
  [named("ZodError", new Error(JSON.stringify(ISSUES))), "ZodError: user.age: Required (and 1 more)"],
  [Object.assign(new (class ErrorEvent {})(), { error: new TypeError("inner") }), "TypeError: inner"],
];

let server;
try {
  run("python3", ["-m", "venv", "v"]);
  run("v/bin/pip", ["install", "-q", "bugsink==2.6.2"]);
  run("v/bin/bugsink-create-conf", ["--template=local", "--port", String(PORT), "--host", "127.0.0.1"]);
  appendFileSync(
    join(folder, "bugsink_conf.py"),
    'BUGSINK.update({"PHONEHOME": False, "VALIDATE_ON_DIGEST": "strict"})\n',
  );
  run("v/bin/bugsink-manage", ["migrate"]);
  run("v/bin/bugsink-manage", ["migrate", "snappea", "--database=snappea"]);
  run("v/bin/bugsink-manage", ["prestart"], { CREATE_SUPERUSER: "admin@example.org:made-up-password" });
  const token = run("v/bin/bugsink-manage", ["create_auth_token"]).trim().split("\n").at(-1);
  server = spawn("v/bin/gunicorn", ["--bind", `127.0.0.1:${PORT}`, "--threads", "4", "bugsink.wsgi"], {
    cwd: folder,
    env,
    stdio: "ignore",
  });
  await check(token);
  console.log(`Bugsink shows the titles of ${KINDS.length + 2} kinds as they are meant`);
} finally {
  if (server !== undefined) {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
}

async function check(token) {
  const api = async (path, body) => {
    const response = await fetch(`http://127.0.0.1:${PORT}/api/canonical/0${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    return response.json();
  };
  const team = await until(() => api("/teams/", { name: "shop" }));
  const { id } = await api("/projects/", { team: team.id, name: "shop" });
  const { dsn } = (await api("/projects/")).results.find(({ name }) => name === "shop");

  const client = corvid.init({ dsn, release: "shop@1.0.0", once: { mergeMs: 0 } });
  const site = createServer((_, response) => response.writeHead(503).end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => site.once("listening", resolve));
  const url = `http://127.0.0.1:${site.address().port}/pay`;
  await (await fetch(url)).text();
  for (const [thrown] of KINDS) corvid.captureException(thrown);
  corvid.captureMessage("deployed %s", { params: ["v7"] });
  corvid.captureMessage("deployed %s", { params: ["v8"] });
  corvid.captureEvent({ message: "made elsewhere" });
  assert.equal(await corvid.flush(20_000), true);
  assert.deepEqual(client.stats().dropped, {});
  await corvid.close();
  site.close();

  const wanted = [
    ...KINDS.map(([, title]) => title),
    "Log Message: deployed v7",
    "Log Message: made elsewhere",
  ];
  const issues = await until(async () => {
    const { results } = await api(`/issues/?project=${id}`);
    return results.length >= wanted.length ? results : undefined;
  });
  const titles = issues.map(({ calculated_type: type, calculated_value: value }) => `${type}: ${value}`);
  assert.deepEqual(titles.map((title) => title.replace("v8", "v7")).sort(), wanted.sort());
  for (const issue of issues) {
    const [event] = (await api(`/events/?issue=${issue.id}`)).results;
    const { data } = await api(`/events/${event.id}/`);
    assert.equal(data.breadcrumbs.values.at(-1).message, `GET ${url} → 503`);
  }
}

/** Asks again until there is an answer, for a minute at most. */
async function until(ask) {
  for (let left = 120; left > 0; left--) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(500);
  }
  throw new Error("no answer within a minute");
}
