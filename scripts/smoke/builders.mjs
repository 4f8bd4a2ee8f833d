/**
 * Applications built by each bundler, on the oldest and the newest Node that the packages are for: each is built, runs
 * where nothing is installed, and its events arrive with the application's own frames and no other. The bundlers are
 * those of `builders/package-lock.json`; installed, they stay in a temporary folder.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runWell } from "./command.mjs";
import { nodeOf } from "./nodes.mjs";
import { writeFiles } from "./project.mjs";

const HERE = join(import.meta.dirname, "builders");
const NODES = ["20.19.0", "26"];
/** Each bundler, and the formats it can write; `mixed` is CommonJS of an application that is written as ES module. */
const BUNDLERS = {
  turbopack: ["app"],
  "next webpack": ["app"],
  webpack: ["esm", "mixed", "cjs"],
  ncc: ["esm", "cjs"],
  rollup: ["esm", "cjs"],
  vite: ["esm"],
  esbuild: ["esm", "cjs"],
};

/** What an application does: an error in a try/catch, a text, and a crash. */
const FAILURES = `
function chargeCard() {
  throw new RangeError("Order 7 has no card");
}
export function reportError() {
  try {
    chargeCard();
  } catch (error) {
    captureException(error);
  }
}
export function reportText() {
  captureException("The card was declined");
}
`;
const APP = `import { captureException, flush, init } from "@corvid/core";
${FAILURES.replaceAll("export ", "")}
init();
reportError();
reportText();
flush().then(() => {
  throw new TypeError("Nobody caught this");
});
`;
const SITES = {
  "RangeError: Order 7 has no card": "Order 7 has no card",
  "Thrown string: The card was declined": "The card was declined",
  "TypeError: Nobody caught this": "Nobody caught this",
};

const NEXT_APP = {
  "package.json": '{ "name": "shop", "private": true, "type": "module" }',
  "next.config.mjs": "export default { turbopack: { root: process.cwd() } };\n",
  "instrumentation.js": `export async function register() {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { init } = await import("@corvid/core");
  init();
}
`,
  "app/layout.js":
    'import { createElement as h } from "react";\nexport default ({ children }) => h("html", null, h("body", null, children));\n',
  "app/page.js": 'export default () => "shop";\n',
  "app/order/route.js": `import { captureException, flush } from "@corvid/core";
${FAILURES.replaceAll("export ", "")}
export const dynamic = "force-dynamic";
export async function GET() {
  reportError();
  reportText();
  return new Response((await flush()) ? "flushed" : "not flushed");
}
`,
};

/** @returns one task: builds that run at once would each take longer, and two run beside other suites */
export function builderCases({ tarballs, results, delivers }) {
  return [
    async () => {
      const tools = await installedBundlers();
      const folder = mkdtempSync(join(tools, "run-"));
      try {
        await unpack(tarballs.get("@corvid/core"), join(folder, "node_modules/@corvid/core"));
        for (const name of ["build.mjs", "visit.mjs"]) cpSync(join(HERE, name), join(folder, name));
        for (const version of NODES) await everyBundler(tools, folder, version);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  ];

  async function everyBundler(tools, folder, version) {
    const node = await nodeOf(version);
    for (const [bundler, formats] of Object.entries(BUNDLERS)) {
      for (const format of formats) {
        await results.attempt(`built by ${bundler}, ${format}`, `Node ${version}`, async () => {
          const name = `${bundler}-${format}-${version}`.replaceAll(" ", "-");
          const app = { tools, folder, node, bundler, format, at: join(folder, name) };
          await (format === "app" ? nextApplication(app) : application(app));
        });
      }
    }
  }

  async function application({ tools, folder, node, bundler, format, at }) {
    const isEsm = format === "esm";
    const source = format === "cjs" ? "source.cjs" : "source.mjs";
    writeFiles(at, {
      "package.json": `{ "type": "${isEsm ? "module" : "commonjs"}" }`,
      [source]: format === "cjs" ? required(APP) : APP,
    });
    const deployed = mkdtempSync(join(tmpdir(), "corvid-deployed-"));
    try {
      await runWell(
        node,
        [join(folder, "build.mjs"), bundler, isEsm ? "esm" : "cjs", join(at, source), deployed],
        { cwd: tools },
      );
      await delivers({
        command: node,
        args: [join(deployed, isEsm ? "app.mjs" : "app.cjs")],
        cwd: deployed,
        events: Object.keys(SITES),
        code: 1,
        check: assertOwnFrames,
      });
    } finally {
      rmSync(deployed, { recursive: true, force: true });
    }
  }

  async function nextApplication({ tools, folder, node, bundler, at }) {
    writeFiles(at, NEXT_APP);
    await runWell(node, [join(folder, "build.mjs"), bundler, "app", "", at], { cwd: tools });
    await delivers({
      command: node,
      args: [join(folder, "visit.mjs"), at, "/order"],
      cwd: tools,
      events: Object.keys(SITES).filter((title) => !title.includes("Nobody")),
      isOwnCode: false,
      check: assertOwnFrames,
    });
  }
}

/** Installs them once for each state of the lock file. */
async function installedBundlers() {
  const lock = readFileSync(join(HERE, "package-lock.json"));
  const folder = join(
    tmpdir(),
    `corvid-builders-${createHash("sha256").update(lock).digest("hex").slice(0, 16)}`,
  );
  if (existsSync(join(folder, "complete"))) return folder;
  for (const name of ["package.json", "package-lock.json"]) {
    mkdirSync(folder, { recursive: true });
    cpSync(join(HERE, name), join(folder, name));
  }
  await runWell("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
  });
  writeFiles(folder, { complete: "" });
  return folder;
}

async function unpack(tarball, folder) {
  mkdirSync(folder, { recursive: true });
  await runWell("tar", ["-xzf", tarball, "-C", folder, "--strip-components=1"], {});
}

/** The last frame is the place in the application: what stands above it would be Corvid's. */
function assertOwnFrames(event) {
  const { type, value, stacktrace } = event.exception.values.at(-1);
  const title = `${type}: ${value}`;
  const frame = stacktrace?.frames.at(-1);
  const text = frame?.context_line ?? "";
  assert.ok(frame?.in_app && text.includes(SITES[title]), `${title} is at ${JSON.stringify(frame)}`);
}

function required(code) {
  return code.replace(
    'import { captureException, flush, init } from "@corvid/core"',
    'const { captureException, flush, init } = require("@corvid/core")',
  );
}
