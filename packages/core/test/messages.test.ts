import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { captureExceptions } from "../../decorators/src/index.js";
import { createLogRule } from "../src/bridge/log-record.js";
import { noteVersion } from "../src/client/copies.js";
import { type ClientOptions, resolveOptions } from "../src/client/options.js";
import type { EndingClient, EndWatch, Platform } from "../src/client/platform.js";
import type { Diagnostics } from "../src/model/diagnostics.js";
import { parseDsn } from "../src/model/dsn.js";
import { MESSAGES, type MessageCode, messageText } from "../src/model/messages.js";
import { type AbsenceNotices, createAbsenceNotices } from "../src/node/absence.js";
import { systemClock } from "../src/node/clock.js";
import { createSentryTransport } from "../src/node/http/sentry-transport.js";
import { createSpoolStore } from "../src/node/spool/store.js";
import { consoleTransport } from "../src/node/transports/console-transport.js";
import { fileTransport } from "../src/node/transports/file-transport.js";
import { previewScrub } from "../src/process/scrub.js";
import { checkHandlerOptions } from "../src/request/binding.js";
import { corvidMatchers } from "../src/testing/matchers.js";
import type { SendResult, Transport } from "../src/transport/transport.js";
import { createTestBench } from "./support/client.js";
import { createTestClock } from "./support/clock.js";
import { DROP_REASONS } from "./support/drop-reasons.js";
import { GROUP, newId, storeOptions, storeSpool, testFolder, testSpool } from "./support/spool.js";

/** A situation that makes Corvid say something: what it says, which message that is, and what must stand in it. */
type Situation = readonly [
  what: string,
  code: MessageCode,
  contains: readonly string[],
  provoke: () => string | Promise<string>,
];

const thrown = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
};
/** What a developer reads at a terminal. */
const noticed = (act: (notices: AbsenceNotices) => void): string => {
  const lines: string[] = [];
  act(createAbsenceNotices({ env: {}, isTerminal: () => true, write: (line) => void lines.push(line) }));
  return lines.join("");
};
const refused = (options: unknown): string =>
  thrown(() => resolveOptions({ dsn: false, ...(options as ClientOptions) }, {}));

/** All that a client says while one error and one message go their way. */
async function said(options: ClientOptions, place: Partial<Platform> = {}): Promise<string> {
  const bench = createTestBench({ once: { mergeMs: 0 }, ...options }, place);
  bench.client.captureException(new TypeError("broken"));
  await bench.arrived();
  await bench.client.close();
  return bench.said.join("");
}

/** All that a client says while the process ends and its destination has the last word. */
function saidAtTheEnd(result: SendResult): string {
  let end: EndingClient | undefined;
  const transport: Transport = {
    name: "silent",
    send: () => new Promise(() => undefined),
    sendSync: (batch) => batch.map(() => result),
  };
  const watchEnd = (ending: EndingClient): EndWatch => {
    end = ending;
    return { changed: () => undefined, leave: () => undefined };
  };
  const { client, said: lines } = createTestBench({ debug: true, transport }, { watchEnd });
  client.captureException(new TypeError("broken"));
  end?.sendSync(1000);
  return lines.join("");
}

/** A real server that answers everything with one status, or none at all. */
async function saidOfServer(
  status: number | undefined,
  options: ClientOptions = {},
  body = "",
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status ?? 200).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  if (status === undefined) await new Promise((resolve) => server.close(resolve));
  const lines: string[] = [];
  const place: Partial<Platform> = {
    clock: systemClock,
    write: (line) => void lines.push(line),
    transport: ({ dsn }, { requestTimeoutMs }, diagnostics) => http(diagnostics, dsn, requestTimeoutMs),
  };
  const dsn = `http://key@127.0.0.1:${port}/1`;
  const { client } = createTestBench({ dsn, transport: undefined, once: { mergeMs: 0 }, ...options }, place);
  client.captureException(new TypeError("broken"));
  await vi.waitFor(() => expect(lines).not.toEqual([]), 5000);
  await client.close(0);
  if (status !== undefined) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return lines.join("");
}

function http(
  diagnostics: Diagnostics,
  dsn = parseDsn("https://key@errors.example/1"),
  requestTimeoutMs = 1000,
  env: Record<string, string> = {},
  proxy?: string,
): Transport {
  const sdk = { name: "corvid.test", version: "1.2.3" };
  return createSentryTransport({
    dsn,
    requestTimeoutMs,
    env,
    proxy,
    diagnostics,
    sdk,
    clock: systemClock,
    userAgent: "t",
  });
}

/** A spool that a process has left, with one event in it. */
function leftSpool(): ReturnType<typeof testFolder> {
  const folder = testFolder();
  const spool = testSpool(folder.dir, { clock: createTestClock(Date.now()) });
  spool.keep("raw", newId(), "{}");
  spool.close();
  return folder;
}

/** What stands in a line of the file is not what was written. */
function damage(path: string): void {
  if (statSync(path).isDirectory()) return;
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf("{}");
  if (at !== -1) writeFileSync(path, bytes.fill("xx", at, at + 2));
}

const failing = (step: string) => (): never => {
  throw new Error(`no ${step} today`);
};
const decorate = captureExceptions as unknown as (...args: unknown[]) => unknown;
const environment = { SENTRY_DSN: "https://errors.example/1" };

const SITUATIONS: readonly Situation[] = [
  ["a client without a DSN", "no-dsn", ["SENTRY_DSN"], () => noticed(({ dsn }) => dsn({}))],
  [
    "a capture without a client",
    "no-client",
    ["captureMessage", "init"],
    () => noticed(({ client }) => client("captureMessage")),
  ],
  [
    "a number out of its range",
    "bad-option",
    ["sampleRate", "a number from 0 to 1", "7"],
    () => refused({ sampleRate: 7 }),
  ],
  [
    "a value of another type",
    "bad-option",
    ["debug", "true or false", '"yes"'],
    () => refused({ debug: "yes" }),
  ],
  [
    "no object",
    "bad-option",
    ["(all)", "an object", "null"],
    () => thrown(() => resolveOptions(null as never, {})),
  ],
  [
    "a mistyped option",
    "bad-option",
    ["befroeSend", "one of", "did you mean beforeSend?"],
    () => refused({ befroeSend: 1 }),
  ],
  [
    "an option inside",
    "bad-option",
    ["limits.depth", "from 1 up", "0"],
    () => refused({ limits: { depth: 0 } }),
  ],
  [
    "an item of a list",
    "bad-option",
    ["processors[0]", "a function", "5"],
    () => refused({ processors: [5] }),
  ],
  [
    "a spool that is none",
    "bad-option",
    ["spool", "fileSpool() from @corvid/core/spool", "7"],
    () => refused({ spool: 7 }),
  ],
  [
    "a transport that is none",
    "bad-option",
    ["transport", "a send function", "an object"],
    () => refused({ transport: {} }),
  ],
  [
    "a function that chooses no list of integrations",
    "bad-option",
    ["integrations()", "a list", "undefined"],
    () => thrown(() => createTestBench({ integrations: (() => undefined) as never })),
  ],
  [
    "a proxy of another kind",
    "bad-option",
    ["proxy", "http://proxy.example:3128", "cannot be used"],
    () =>
      thrown(() =>
        http({ warn: () => {}, debug: () => {} }, undefined, 1000, {}, "socks5://me:secret@proxy"),
      ),
  ],
  [
    "configure()",
    "bad-option",
    ["configure.enabled", "true or false", '"no"'],
    () => thrown(() => createTestBench().client.configure({ enabled: "no" as never })),
  ],
  [
    "previewScrub()",
    "bad-option",
    ["scrub.keys[0]", "a RegExp", "1"],
    () => thrown(() => previewScrub({}, { keys: [1 as never] })),
  ],
  [
    "fileTransport()",
    "bad-option",
    ["fileTransport.path", "the path of a file", '""'],
    () => thrown(() => fileTransport("")),
  ],
  [
    "consoleTransport()",
    "bad-option",
    ["consoleTransport.stream", '"stdout" or "stderr"', '"stdin"'],
    () => thrown(() => consoleTransport({ stream: "stdin" as never })),
  ],
  [
    "a log bridge",
    "bad-option",
    ["captureLevel", "trace, debug", '"loud"'],
    () => thrown(() => createLogRule("test", { captureLevel: "loud" as never })),
  ],
  [
    "a DSN without its key",
    "bad-dsn",
    ["public key", "https://KEY@host/1", "none"],
    () => thrown(() => parseDsn("https://errors.example/1")),
  ],
  [
    "a DSN that is none",
    "bad-dsn",
    ["text", "of the form https://KEY@host/PROJECT", "an empty string"],
    () => thrown(() => parseDsn("")),
  ],
  [
    "a DSN of another protocol",
    "bad-dsn",
    ["protocol", "http or https", '"ftp"'],
    () => thrown(() => parseDsn("ftp://key@host/1")),
  ],
  [
    "a DSN without a host",
    "bad-dsn",
    ["host", "a host name", "none"],
    () => thrown(() => parseDsn("https://key@/1")),
  ],
  [
    "a DSN without a project",
    "bad-dsn",
    ["project id", "last part of the path", "none"],
    () => thrown(() => parseDsn("https://key@host")),
  ],
  [
    "a decorator at a parameter",
    "misplaced-decorator",
    ["@captureExceptions", "a class, method or accessor", "parameter 2 of pay"],
    () => thrown(() => decorate({}, "pay", 1)),
  ],
  [
    "a matcher on what holds no events",
    "bad-expectation",
    ["toHaveCaptured()", "a list of events", "a promise: await it"],
    () => thrown(() => corvidMatchers.toHaveCaptured.call({ equals: Object.is }, Promise.resolve([]), {})),
  ],
  [
    "a DSN of the environment",
    "dsn-in-environment",
    ["SENTRY_DSN", "public key", "https://KEY@host/1", "nothing is reported"],
    () => said({ dsn: undefined, transport: undefined }, { env: environment }),
  ],
  [
    "a proxy of the environment",
    "proxy-in-environment",
    ["HTTPS_PROXY", "http://proxy.example:3128", "cannot be used", "without a proxy"],
    () =>
      said(
        { dsn: "https://key@errors.example/1", transport: undefined },
        {
          transport: ({ dsn }, _, diagnostics) => {
            http(diagnostics, dsn, 1000, { HTTPS_PROXY: "socks5://me:secret@proxy" });
            return { name: "none", send: async (batch) => batch.map(() => ({ kind: "accepted" })) };
          },
        },
      ),
  ],
  [
    "two versions in one process",
    "several-versions",
    ["one version of @corvid/core", "0.0.1 and 0.0.2"],
    () => {
      delete (globalThis as { [key: symbol]: unknown })[Symbol.for("@corvid/core/versions")];
      noteVersion("0.0.1");
      noteVersion("0.0.2");
      const lines = createTestBench().said.join("");
      delete (globalThis as { [key: symbol]: unknown })[Symbol.for("@corvid/core/versions")];
      return lines;
    },
  ],
  [
    "a hook that throws",
    "hook-threw",
    ["beforeSend", "the event", "Error: no hook today"],
    () => said({ beforeSend: failing("hook") }),
  ],
  [
    "a processor that returns a promise",
    "hook-returned",
    ["processors[0]", "the event", "at once", "a promise"],
    () => said({ processors: [(async (event: unknown) => event) as never] }),
  ],
  [
    "a breadcrumb hook that rejects",
    "hook-returned",
    ["beforeBreadcrumb", "the breadcrumb", "a promise"],
    async () => {
      const bench = createTestBench({ beforeBreadcrumb: (async () => failing("crumb")()) as never });
      bench.client.scope.addBreadcrumb({ message: "step" });
      await nextTurn();
      return bench.said.join("");
    },
  ],
  [
    "a breadcrumb hook that throws",
    "hook-threw",
    ["beforeBreadcrumb", "the breadcrumb", "no crumb today"],
    () => {
      const bench = createTestBench({ beforeBreadcrumb: failing("crumb") });
      bench.client.scope.addBreadcrumb({ message: "step" });
      return bench.said.join("");
    },
  ],
  [
    "an integration that fails to set up",
    "integration-failed",
    ["integration Ours: setup", "no setup today"],
    () => said({ integrations: [{ name: "Ours", setup: failing("setup") }] }),
  ],
  [
    "an integration that fails at a capture",
    "integration-failed",
    ["integration Ours: onCapture", "no count today"],
    () => said({ integrations: [{ name: "Ours", onCapture: failing("count") }] }),
  ],
  [
    "a dead server",
    "kept",
    ["http", "no answer from 127.0.0.1", "ECONNREFUSED"],
    () => saidOfServer(undefined),
  ],
  ["a server in trouble", "kept", ["http", "503 Service Unavailable"], () => saidOfServer(503)],
  [
    "a server that is no ingest server",
    "no-ingest-server",
    ["http", "expected an answer of an ingest server", "200", "127.0.0.1"],
    () => saidOfServer(200, {}, "<html>Welcome</html>"),
  ],
  ["a server that refuses", "refused", ["http", "403 Forbidden"], () => saidOfServer(403)],
  [
    "a destination that does not close",
    "not-closed",
    ["ours", "no close today"],
    () => said({ transport: { name: "ours", send: accepting, close: failing("close") } }),
  ],
  [
    "a spool that cannot be written",
    "spool-trouble",
    ["spool", "kept in memory alone", "ENOTDIR"],
    () => {
      const spool = testSpool("/dev/null/spool");
      spool.keep("raw", newId(), "{}");
      return spool.warnings.join("\n");
    },
  ],
  [
    "a spool of another user",
    "spool-left-alone",
    ["spool", "is no folder of this user"],
    async () => {
      const { dir, remove } = leftSpool();
      const spool = testSpool(dir, { owner: 54_321 });
      await spool.adopt();
      spool.close();
      remove();
      return spool.warnings.join("\n");
    },
  ],
  [
    "an event that cannot be read back",
    "spool-lost",
    ["1 event was lost: it could not be read back"],
    async () => {
      const { dir, remove } = leftSpool();
      for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) damage(join(dir, name));
      const clock = createTestClock(Date.now());
      const place: Partial<Platform> = {
        clock,
      };
      const { client, said: lines } = createTestBench(
        {
          spool: storeSpool((context) =>
            createSpoolStore({
              ...storeOptions(context),
              dir,
              group: GROUP,
              clock,
              newId,
            }),
          ),
        },
        place,
      );
      await vi.waitFor(() => {
        clock.advance(1000);
        expect(lines).not.toEqual([]);
      }, 5000);
      await client.close();
      remove();
      return lines.join("");
    },
  ],
  [
    "a failure of Corvid's own",
    "internal-error",
    ["Corvid failed at making an event", "no facts today"],
    () => said({}, { contexts: failing("facts") }),
  ],
  ["an event that arrived", "delivered", ["recording", "event 0", "delivered"], () => said({ debug: true })],
  [
    "a handler that was not called",
    "handler-not-called",
    ["expected requestHandler()", "call it"],
    () => thrown(() => checkHandlerOptions("requestHandler()", { url: "/", headers: {} }, {})),
  ],
  [
    "an answer of which no error was seen",
    "unseen-5xx",
    ["GET answered 500", "Move it"],
    () => {
      const { client, said: lines } = createTestBench({ unseen5xx: "warn" });
      client.reportUnseen("GET", 500, "Move it.");
      return lines.join("");
    },
  ],
  [
    "a setter in the scope of a request that has ended",
    "request-ended",
    ["setter", "withScope, bind or withRequestScope"],
    () => {
      const { client, said: lines } = createTestBench({ debug: true });
      const scope = client.scope.fork();
      scope.end();
      scope.setTag("late", 1);
      return lines.join("");
    },
  ],
  [
    "the same error again",
    "merged",
    ["event 0", "seen again"],
    () => {
      const { client, said: lines } = createTestBench({ debug: true });
      const error = new Error("twice");
      client.captureException(error);
      client.captureException(error);
      return lines.join("");
    },
  ],
  [
    "a repeat",
    "folded",
    ["event 0", "counted"],
    () => {
      const { client, said: lines } = createTestBench({ debug: true, once: { full: 1 } });
      for (let n = 0; n < 2; n++) client.captureException(new Error("again"));
      return lines.join("");
    },
  ],
  [
    "an error that is not wanted",
    "dropped",
    ["event 0", "ignored"],
    () => said({ debug: true, ignoreErrors: ["broken"] }),
  ],
  [
    "an event one destination gives up",
    "dropped-for",
    ["http", "send_error"],
    () => saidOfServer(403, { debug: true }),
  ],
  [
    "a process that ends while its server is silent",
    "undelivered",
    ["silent: event 0", "nobody answers"],
    () => saidAtTheEnd({ kind: "retry", reason: "network_error", detail: "nobody answers" }),
  ],
];

async function accepting(batch: readonly unknown[]): Promise<readonly { kind: "accepted" }[]> {
  return batch.map(() => ({ kind: "accepted" }));
}

test.each(SITUATIONS)(
  "%s is told as %s, with the page that explains it",
  async (_what, code, contains, provoke) => {
    const text = await provoke();

    const line = text
      .split(/\n(?=\[corvid\])/)
      .find((candidate) => candidate.includes(`troubleshooting.md#${code})`));
    expect(line, text).toBeDefined();
    for (const part of contains) expect(line).toContain(part);
    expect(text).not.toContain("secret");
  },
);

test("every message of the catalogue was provoked", () => {
  expect([...new Set(SITUATIONS.map(([, code]) => code))].sort()).toEqual(Object.keys(MESSAGES).sort());
});

const page = readFileSync(new URL("../../../docs/troubleshooting.md", import.meta.url), "utf8");

test("the page has one section for each message, and none for any other", () => {
  const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);

  expect(headings.toSorted()).toEqual(Object.keys(MESSAGES).sort());
});

test("the page explains every reason for a drop", () => {
  for (const reason of DROP_REASONS) expect(page).toContain(`| \`${reason}\` |`);
});

test("the page comes with the package, where messages say it is", () => {
  expect(readFileSync(new URL("../dist/docs/troubleshooting.md", import.meta.url), "utf8")).toBe(page);
  expect(messageText("merged", "1")).toContain("(see @corvid/core/dist/docs/troubleshooting.md#merged)");
});
