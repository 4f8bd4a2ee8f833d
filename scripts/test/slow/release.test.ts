import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publicPackages, ROOT } from "../../packages.mjs";

interface Asked {
  readonly method: string;
  readonly path: string;
}

/** A copy of the repository, and a registry on loopback that has nothing and takes everything. */
let copy: string;
let registry: Server;
const asked: Asked[] = [];

beforeAll(async () => {
  copy = copyOfTheRepository();
  registry = createServer((request, response) => {
    asked.push({ method: request.method ?? "", path: decodeURIComponent(request.url ?? "") });
    request.resume();
    request.on("end", () => response.writeHead(request.method === "PUT" ? 201 : 404).end("{}"));
  }).listen(0, "127.0.0.1");
  await once(registry, "listening");
  const { port } = registry.address() as AddressInfo;
  const settings = `registry=http://127.0.0.1:${port}/\n//127.0.0.1:${port}/:_authToken=made-up\n`;
  writeFileSync(join(copy, "npmrc"), settings);
}, 120_000);

afterAll(() => {
  registry.close();
  rmSync(copy, { recursive: true, force: true });
});

test("the release turns changesets into one version and changelogs, packs everything, and publishes what it packed", async () => {
  await run("pnpm", ["release:version"]);
  const [first] = versions();
  commit("first release");

  note("core", "patch", "`init` is quicker.");
  await run("pnpm", ["release:version"]);
  const [patched, ...others] = versions();
  commit("second release");

  note("express", "minor", "`errorHandler` tells more.");
  await run("pnpm", ["release:version"]);

  expect(patched).toBe(increment(first, "patch"));
  expect(new Set(others)).toEqual(new Set([patched]));
  expect(new Set(versions())).toEqual(new Set([increment(patched, "minor")]));
  expect(readdirSync(join(copy, ".changeset")).filter((file) => file.endsWith(".md"))).toEqual([]);
  expect(changelogOf("core")).toContain(`## ${patched}\n\n### Patch Changes\n\n- \`init\` is quicker.\n`);
  expect(changelogOf("express")).toMatch(/### Minor Changes\n\n- `errorHandler` tells more\.\n/);
  expect(changelogOf("express")).not.toContain("Updated dependencies");

  await run("pnpm", ["release:pack"]);
  const [version] = versions();
  const tarballs = readdirSync(join(copy, "artifacts")).sort();

  expect(tarballs).toEqual(
    publicPackages()
      .map(({ name }) => `${name.slice(1).replace("/", "-")}-${version}.tgz`)
      .sort(),
  );
  expect(manifestInTarball(`corvid-express-${version}.tgz`)).toMatchObject({
    version,
    peerDependencies: { "@corvid/core": `^${version}` },
  });
  expect(
    execFileSync(
      "tar",
      ["-xzOf", join(copy, "artifacts", `corvid-core-${version}.tgz`), "package/dist/esm"],
      {
        encoding: "utf8",
      },
    ),
  ).toContain(`"${version}"`);

  await run("node", ["scripts/release.mjs", "publish", "--dry-run"]);

  expect(asked.filter(({ method }) => method !== "GET")).toEqual([]);

  await run("node", ["scripts/release.mjs", "publish"]);
  const published = asked.filter(({ method }) => method === "PUT").map(({ path }) => path);

  expect([...published].sort()).toEqual(
    publicPackages()
      .map(({ name }) => `/${name}`)
      .sort(),
  );
  expect(published.indexOf("/@corvid/core")).toBeLessThan(published.indexOf("/@corvid/express"));
}, 240_000);

/** What git knows or would add, as a repository of its own, with everything installed from the store. */
function copyOfTheRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), "corvid-release-"));
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const file of new Set(files.split("\0"))) {
    if (file === "") continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file), { force: true });
  }
  copy = folder;
  git("init", "--quiet", "--initial-branch=main");
  commit("start");
  execFileSync(
    "npx",
    ["--yes", packageManager(), "install", "--frozen-lockfile", "--prefer-offline", "--silent"],
    {
      cwd: folder,
      stdio: "ignore",
    },
  );
  return folder;
}

/** Runs a command in the copy. What publishes knows the registry on loopback alone; pnpm itself comes from npm's. */
async function run(command: string, args: readonly string[]): Promise<void> {
  const isPnpm = command === "pnpm";
  const child = spawn(
    isPnpm ? "npx" : command,
    [...(isPnpm ? ["--yes", packageManager(), "run"] : []), ...args],
    {
      cwd: copy,
      env: {
        ...inherited(),
        ...(isPnpm ? {} : { npm_config_userconfig: join(copy, "npmrc") }),
        DO_NOT_TRACK: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${said}`);
}

/** The environment without what a surrounding run of npm or pnpm set for itself. */
function inherited(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm|pnpm|turbo)_/i.test(name)),
  );
}

function packageManager(): string {
  return JSON.parse(readFileSync(join(copy, "package.json"), "utf8")).packageManager;
}

function versions(): string[] {
  return publicPackages(copy).map(({ manifest }) => manifest.version);
}

function changelogOf(name: string): string {
  return readFileSync(join(copy, "packages", name, "CHANGELOG.md"), "utf8");
}

function note(name: string, bump: string, text: string): void {
  writeFileSync(
    join(copy, ".changeset", `${name}-${bump}.md`),
    `---\n"@corvid/${name}": ${bump}\n---\n\n${text}\n`,
  );
}

function manifestInTarball(file: string): unknown {
  return JSON.parse(
    execFileSync("tar", ["-xzOf", join(copy, "artifacts", file), "package/package.json"], {
      encoding: "utf8",
    }),
  );
}

function increment(version: string | undefined, part: "minor" | "patch"): string {
  const [major, minor, patch] = (version ?? "").split(".").map(Number) as [number, number, number];
  return part === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

function commit(message: string): void {
  git("add", "--all");
  git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", message);
}

function git(...args: readonly string[]): void {
  execFileSync("git", args, { cwd: copy, stdio: "ignore" });
}
