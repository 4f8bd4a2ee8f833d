import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeFinding } from "../../src/node/cli/doctor/node-version.js";
import { about, type Document, run, runJson } from "./run.js";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "corvid-doctor-"));
  write("node_modules/@corvid/core/package.json", { name: "@corvid/core", version: "1.2.3" });
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
}

function doctor(
  env: Record<string, string> = {},
  args: readonly string[] = [],
  cwd = root,
): Promise<Document> {
  return runJson(["doctor", ...args], { env, cwd });
}

function states(document: Document): readonly string[] {
  return document.findings.map(({ topic, state }) => `${topic} ${state}`);
}

describe("corvid doctor", () => {
  test("finds nothing wrong with a plain application", async () => {
    write("package.json", { name: "shop", version: "4.5.6", scripts: { start: "node server.js" } });
    write("server.js", "console.log(1);\n");
    const { code, out } = await run(["doctor"], {
      cwd: root,
      env: { SENTRY_DSN: "https://key:hidden@host/1", NODE_ENV: "test", HOME: root },
    });

    expect(code).toBe(0);
    expect(out).not.toContain("hidden");
    expect(out.split("\n")).toEqual([
      `ok       node         ${process.versions.node}, ${process.execPath}`,
      "ok       packages     @corvid/core 1.2.3",
      expect.stringMatching(/^ok {7}bundled {6}error-stack-parser \d.*stackframe \d/),
      "ok       dsn          https://key@host/1, from SENTRY_DSN; its secret key is not shown",
      "ok       proxy        none",
      "ok       release      shop@4.5.6, from package.json",
      "ok       environment  test, from NODE_ENV",
      expect.stringMatching(
        /^ok {7}spool {8}none; fileSpool\(\) would make \S+\.local\/state\/corvid\/[0-9a-f]{16}$/,
      ),
      "ok       entry        server.js, by scripts.start of package.json",
      "ok       source map   none needed: the file is what was written",
      "",
      "No problem found.",
      "",
    ]);
  });

  test("ends with 1 when there is a problem, also below the application's folder", async () => {
    write("package.json", { name: "shop", version: "4.5.6" });
    mkdirSync(join(root, "src/deep"), { recursive: true });
    const document = await doctor({ SENTRY_DSN: "https://host/1" }, [], join(root, "src/deep"));

    expect(document.ok).toBe(false);
    expect(about("dsn", document)).toMatchObject({ state: "problem", details: { part: "public key" } });
    expect(about("release", document).details).toEqual({ release: "shop@4.5.6", source: "package.json" });
  });

  test("does not mind a folder without anything, or a package.json that is none", async () => {
    rmSync(join(root, "node_modules"), { recursive: true });
    const empty = await doctor();
    write("package.json", "[not json");
    const broken = await doctor();

    for (const document of [empty, broken]) {
      expect(states(document)).toEqual([
        "node ok",
        "packages problem",
        "bundled ok",
        "dsn note",
        "release note",
        "environment ok",
        "spool note",
        "entry note",
      ]);
    }
  });

  test.each([
    ["a list", []],
    ["wrong types", { name: 1, version: {}, main: 5, bin: [], scripts: "x", dependencies: "express" }],
  ])("does not mind a package.json of %s", async (_, manifest) => {
    write("package.json", manifest);

    expect((await doctor()).ok).toBe(true);
  });

  test("tells when the DSN stands in a file that was not loaded, and keeps it to itself", async () => {
    write("package.json", {});
    write(".env", "A=1\nSENTRY_DSN=https://hidden@host/1\n");
    const document = await doctor();

    expect(about("dsn", document)).toMatchObject({
      state: "note",
      text: "SENTRY_DSN is not set here, but it stands in .env",
      advice: expect.stringContaining("--env-file=.env"),
    });
    expect(JSON.stringify(document)).not.toContain("hidden");
  });

  test("tells release, environment and proxy, and where they come from", async () => {
    write("package.json", {});
    const document = await doctor({
      SENTRY_DSN: "https://key@host/1",
      SENTRY_RELEASE: "shop@7",
      SENTRY_ENVIRONMENT: "staging",
      NODE_ENV: "test",
      HTTPS_PROXY: "http://me:hidden@proxy.example:3128",
    });

    expect(about("release", document).text).toBe("shop@7, from SENTRY_RELEASE");
    expect(about("environment", document).text).toBe("staging, from SENTRY_ENVIRONMENT");
    expect(about("proxy", document).text).toBe(
      "http://proxy.example:3128, from the environment, with credentials",
    );
    expect(JSON.stringify(document)).not.toContain("hidden");
  });

  test.each([
    ["20.19.0", "ok"],
    ["20.18.3", "problem"],
    ["18.20.4", "problem"],
    ["24.0.0", "ok"],
  ])("Node %s is %s", (version, state) => {
    expect(nodeFinding(version)).toMatchObject({ state, details: { version } });
  });
});

describe("corvid doctor, about packages", () => {
  test("of different versions", async () => {
    write("package.json", {});
    write("node_modules/@corvid/express/package.json", { version: "1.2.4" });
    write("node_modules/@corvid/test-server/package.json", { version: "9.9.9" });
    const problems = (await doctor()).findings.filter(({ state }) => state === "problem");

    expect(problems).toMatchObject([
      { topic: "packages", text: "different versions of Corvid's packages: 1.2.3, 1.2.4" },
    ]);
  });

  test.each([
    ["1.2.3", "note"],
    ["1.0.0", "problem"],
  ])("with a second core, of version %s", async (version, state) => {
    write("package.json", {});
    write("node_modules/@corvid/koa/package.json", { version: "1.2.3" });
    write("node_modules/@corvid/koa/node_modules/@corvid/core/package.json", { version });
    const found = (await doctor()).findings.find(({ text }) => text.startsWith("2 copies"));

    expect(found).toMatchObject({
      topic: "packages",
      state,
      text: expect.stringContaining(join(root, "node_modules")),
    });
  });

  test("that are links to one core", async () => {
    write("package.json", {});
    write("store/koa/package.json", { version: "1.2.3" });
    mkdirSync(join(root, "store/koa/node_modules/@corvid"), { recursive: true });
    symlinkSync(join(root, "node_modules/@corvid/core"), join(root, "store/koa/node_modules/@corvid/core"));
    symlinkSync(join(root, "store/koa"), join(root, "node_modules/@corvid/koa"));

    expect((await doctor()).findings.filter(({ text }) => text.includes("copies"))).toEqual([]);
  });

  test("that are missing beside a framework", async () => {
    write("package.json", { dependencies: { express: "^5", koa: "^3", pino: "^10", left: "1" } });
    write("node_modules/@corvid/koa/package.json", { version: "1.2.3" });
    const notes = (await doctor()).findings.filter(
      ({ topic, state }) => topic === "packages" && state === "note",
    );

    expect(notes.map(({ text }) => text)).toEqual([
      "express is used without @corvid/express",
      "pino is used without @corvid/pino",
    ]);
  });
});

describe("corvid doctor, about the entry file", () => {
  const built = `"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\n`;
  const map = {
    version: 3,
    sources: ["../src/a.ts", "../src/b.ts"],
    sourcesContent: ["let a;", null],
    mappings: "",
  };

  test.each([
    ["node --enable-source-maps -r ./trace.js dist/main.js --port 1"],
    ["NODE_ENV=production exec /usr/bin/node --import ./trace.js --env-file .env 'dist/main.js'"],
  ])("scripts.start: %s", async (start) => {
    write("package.json", { main: "other.js", scripts: { start } });
    write("dist/main.js", "");

    expect(about("entry", await doctor()).text).toBe("dist/main.js, by scripts.start of package.json");
  });

  test.each([
    [{ main: "dist/main.js", bin: "other.js" }, "main of package.json"],
    [{ bin: { shop: "dist/main.js" } }, "bin of package.json"],
    [{ bin: "dist/main.js", scripts: { start: "next start" } }, "bin of package.json"],
  ])("%j", async (manifest, source) => {
    write("package.json", manifest);
    write("dist/main.js", "");

    expect(about("entry", await doctor()).text).toBe(`dist/main.js, by ${source}`);
  });

  test("that does not exist is a problem when it was asked for", async () => {
    write("package.json", { main: "dist/main.js" });

    expect(about("entry", await doctor()).state).toBe("note");
    expect(about("entry", await doctor({}, ["--entry", "dist/app.js"]))).toMatchObject({
      state: "problem",
      text: "dist/app.js, by --entry, does not exist",
    });
  });

  test("looks built and names no map", async () => {
    write("package.json", { main: "dist/main.js" });
    write("dist/main.js", built);
    const plain = await doctor();
    write("tsconfig.json", {});

    expect(about("source map", plain)).toMatchObject({
      state: "note",
      advice: expect.stringContaining("esbuild"),
    });
    expect(about("source map", await doctor()).advice).toContain('"sourceMap": true');
  });

  test("is TypeScript itself", async () => {
    write("package.json", {});
    write("src/main.ts", "");

    expect(about("source map", await doctor({}, ["--entry", "src/main.ts"])).text).toContain(
      "TypeScript file itself",
    );
  });

  test.each([
    ["--enable-source-maps", "ok"],
    ["--enable-source-maps-not", "note"],
  ])("has a map, and NODE_OPTIONS=%s", async (options, state) => {
    write("package.json", { main: "dist/main.js" });
    write("dist/main.js", `${built}//# sourceMappingURL=main.js.map\n`);
    write("dist/main.js.map", map);
    write("src/a.ts", "let a;");
    const document = await doctor({ NODE_OPTIONS: `--no-warnings ${options}` });

    expect(about("source map", document)).toMatchObject({
      state: "note",
      text: "2 sources, 1 of them on disk, 1 inside the map",
      details: { state: "read", sources: 2, present: 1, embedded: 1 },
    });
    expect(about("mapping", document).state).toBe(state);
  });

  test("has a map inside, with its sources under a root", async () => {
    const inside = { ...map, sources: ["a.ts"], sourceRoot: "../src/" };
    const url = `data:application/json;charset=utf-8;base64,${Buffer.from(JSON.stringify(inside)).toString("base64")}`;
    write("package.json", { main: "dist/main.js" });
    write("dist/main.js", `${built}//# sourceMappingURL=${url}`);
    write("src/a.ts", "let a;");

    expect(about("source map", await doctor())).toMatchObject({
      state: "ok",
      details: { sources: 1, present: 1, embedded: 1 },
    });
  });

  test.each([
    ["is missing", "main.js.map", undefined, /ENOENT/],
    ["is no JSON", "main.js.map", "<html>", /JSON/],
    ["is empty", "main.js.map", "null", /expected a JSON object/],
    ["has no sources", "main.js.map", "{}", /expected a list "sources"/],
    ["has sections", "main.js.map", '{"sections":[]}', /sections/],
    ["is a folder", "..", undefined, /expected a file/],
    ["is on the web", "https://cdn.example/main.js.map", undefined, /on the web/],
  ])("names a map that %s", async (_, url, text, trouble) => {
    write("package.json", { main: "dist/main.js" });
    write("dist/main.js", `${built}//# sourceMappingURL=${url}\n`);
    if (text !== undefined) write("dist/main.js.map", text);
    const document = await doctor();

    expect(document.ok).toBe(false);
    expect(about("source map", document)).toMatchObject({
      state: "problem",
      text: expect.stringMatching(trouble),
    });
  });
});
