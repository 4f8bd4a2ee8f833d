import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { startTestServer, type TestServer } from "@corvid/test-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLogRule } from "../../src/bridge.js";
import { init } from "../../src/index.js";
import type { Event } from "../../src/model/event.js";
import type { Client } from "../../src/node/client.js";
import { fileSpool } from "../../src/spool.js";
import { testFolder } from "../support/spool.js";
import type { CorpusCase } from "./corpus.js";
import { INNOCENT_NAMES, INNOCENT_TEXTS, INNOCENT_VALUES } from "./innocents.js";
import { MORE } from "./more.js";
import { PROVIDERS, SECRET_URLS } from "./providers.js";
import { SECRETS } from "./secrets.js";

/** Every place that takes a text, each in an event of its own. */
const TEXT_PLACES: Readonly<Record<string, (client: Client, text: string) => string>> = {
  message: (client, text) => client.captureException(new Error(text)),
  "message event": (client, text) => client.captureMessage(text),
  cause: (client, text) => client.captureException(new Error("outer", { cause: new Error(text) })),
  "own property": (client, text) =>
    client.captureException(Object.assign(new Error("own"), { detail: text })),
  "breadcrumb, extra, context, user, request": (client, text) => {
    client.scope.addBreadcrumb({ message: text, data: { note: text } });
    return client.captureException(new Error("hint"), {
      extra: { note: text },
      contexts: { shop: { note: text } },
      user: { id: "7", note: text } as never,
      request: { data: { note: text } },
    });
  },
  tag: (client, text) => client.captureException(new Error("tag"), { tags: { note: text } }),
  "log binding": (_client, text) =>
    createLogRule("corpus").report(50, () => ({
      message: "logged",
      bindings: { shop: { note: text } },
      fields: { note: text },
    }))!,
};

/** Every place that takes a value. */
const VALUE_PLACES: Readonly<Record<string, (client: Client, value: unknown) => string>> = {
  "own property": (client, value) =>
    client.captureException(Object.assign(new Error("own"), { detail: value })),
  "breadcrumb, extra, context, user, request": (client, value) => {
    client.scope.addBreadcrumb({ message: "step", data: { note: value } as never });
    return client.captureException(new Error("hint"), {
      extra: { note: value },
      contexts: { shop: { note: value } },
      user: { id: "7", note: value } as never,
      request: { data: { note: value } as never },
    });
  },
  "log binding": (_client, value) =>
    createLogRule("corpus").report(50, () => ({
      message: "logged",
      bindings: { shop: value },
      fields: { note: value },
    }))!,
};

/** Every place that takes a name. */
const NAME_PLACES: Readonly<Record<string, (client: Client, name: string) => string>> = {
  "fingerprint, transaction, mechanism": (client, name) =>
    client.captureException(new Error("named"), {
      fingerprint: [name],
      transaction: name,
      mechanism: { type: name },
    }),
  "type, function, file, logger": (client, name) =>
    client.captureEvent({
      logger: name,
      exception: {
        values: [
          {
            type: name,
            value: "x",
            stacktrace: { frames: [{ function: name, filename: name, module: name, lineno: 3 }] },
          },
        ],
      },
      request: { method: name },
    }),
  "object keys": (client, name) => client.captureException(new Error("keyed"), { extra: { [name]: "x" } }),
};

/** Places that are shorter than some of the corpus. */
const CUT_PLACES: ReadonlySet<string> = new Set(["tag", "type, function, file, logger", "object keys"]);
const PLACES = { text: TEXT_PLACES, value: VALUE_PLACES, name: NAME_PLACES } as const;

describe("what leaves", () => {
  const folder = testFolder();
  const seen = new Map<string, number>();
  const said: string[] = [];
  let server: TestServer;
  let client: Client;
  const write = process.stderr.write;

  beforeAll(async () => {
    server = await startTestServer();
    process.stderr.write = ((text: string) => said.push(String(text)) > 0) as typeof process.stderr.write;
    client = init({
      dsn: server.dsn,
      debug: true,
      once: { mergeMs: 0, full: Number.MAX_SAFE_INTEGER },
      contextLines: 0,
      spool: fileSpool({ dir: folder.dir }),
      integrations: [],
    });
  });
  afterAll(async () => {
    process.stderr.write = write;
    await client.close(10_000);
    await server.close();
  });

  /** What was written to the spool since it was last asked for. */
  function written(): string {
    return readdirSync(folder.dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const known = seen.get(path) ?? 0;
        if (statSync(path).size === known) return "";
        const bytes = readFileSync(path);
        seen.set(path, bytes.length);
        return bytes.subarray(bytes.length < known ? 0 : known).toString();
      })
      .join("");
  }

  async function expectCase([input, place, mustNotLeave, mustStay]: CorpusCase): Promise<void> {
    const places = Object.entries(PLACES[place as keyof typeof PLACES]);
    server.clear();
    const ids = places.map(([, capture]) => {
      client.scope.clear();
      return capture(client, input as never);
    });
    const disk = written();
    await client.flush(10_000);
    const events = new Map(
      server.events().map(({ event }) => [(event as Event).event_id, JSON.stringify(event)]),
    );
    const holds = (text: string, part: string): boolean =>
      text.includes(part) || text.includes(JSON.stringify(part).slice(1, -1));

    for (const [i, [name]] of places.entries()) {
      const wire = events.get(ids[i]!) ?? "";
      const kept = CUT_PLACES.has(name) ? [] : mustStay.filter((part) => !holds(wire, part));
      expect([name, mustNotLeave.filter((part) => holds(wire, part)), kept]).toEqual([name, [], []]);
    }
    expect(["spool", mustNotLeave.filter((part) => holds(disk, part))]).toEqual(["spool", []]);
    expect(["stderr", mustNotLeave.filter((part) => holds(said.join(""), part))]).toEqual(["stderr", []]);
    said.length = 0;
  }

  test.each(SECRETS.map((item) => [title(item), item] as const))("secret: %s", (_, item) => expectCase(item));
  test.each(MORE.map((item) => [title(item), item] as const))("more: %s", (_, item) => expectCase(item));
  test.each(PROVIDERS.map((item) => [title(item), item] as const))("token: %s", (_, item) =>
    expectCase(item),
  );
  test.each(SECRET_URLS.map((item) => [title(item), item] as const))("address: %s", (_, item) =>
    expectCase(item),
  );
  test.each(INNOCENT_TEXTS.map((item) => [title(item), item] as const))("innocent: %s", (_, item) =>
    expectCase(item),
  );
  test.each(INNOCENT_VALUES.map((item) => [title(item), item] as const))("innocent value: %s", (_, item) =>
    expectCase(item),
  );
  test.each(INNOCENT_NAMES.map((item) => [title(item), item] as const))("innocent name: %s", (_, item) =>
    expectCase(item),
  );

  test("the corpus is as large as promised", () => {
    expect(SECRETS.length + PROVIDERS.length + SECRET_URLS.length).toBeGreaterThanOrEqual(400);
    expect(INNOCENT_TEXTS.length + INNOCENT_VALUES.length + INNOCENT_NAMES.length).toBeGreaterThanOrEqual(
      300,
    );
  });
});

function title([input]: CorpusCase): string {
  return (typeof input === "string" ? input : JSON.stringify(input)).replaceAll("%", "%%").slice(0, 100);
}
