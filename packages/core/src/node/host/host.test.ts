import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cloudContext } from "./cloud.js";
import { findProjectRoot, hostContexts } from "./host.js";

let root: string;
const unexpected = (name: string, error: unknown): never => {
  throw new Error(name, { cause: error });
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "corvid-host-"));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe("hostContexts()", () => {
  test("tells of system, runtime, application, machine and culture", () => {
    writeFileSync(join(root, "package.json"), '{"name":"@acme/api","version":"1.2.3"}');

    const contexts = hostContexts(root, {}, unexpected);

    expect(contexts).toMatchObject({
      os: { name: expect.any(String), version: expect.any(String), kernel_version: os.release() },
      runtime: { name: "node", version: process.version },
      app: { app_name: "@acme/api", app_version: "1.2.3", app_arch: process.arch },
      device: { name: os.hostname(), processor_count: os.cpus().length },
      culture: { timezone: expect.any(String), locale: expect.any(String) },
    });
    expect(contexts).not.toHaveProperty("cloud_resource");
    expect(Date.parse(String(contexts["app"]?.["app_start_time"]))).toBeLessThanOrEqual(Date.now());
  });

  test("does without a package.json, and with a broken one", () => {
    expect(hostContexts(root, {}, unexpected)["app"]).not.toHaveProperty("app_name");
    writeFileSync(join(root, "package.json"), "{");
    expect(hostContexts(root, {}, unexpected)["app"]).not.toHaveProperty("app_name");
  });

  test("leaves out a context that cannot be read, and no other", () => {
    const failed: string[] = [];
    const cpus = vi.spyOn(os, "cpus").mockImplementation(() => {
      throw new Error("uv_cpu_info returned EMFILE");
    });

    const contexts = hostContexts(root, {}, (name) => failed.push(name));
    cpus.mockRestore();

    expect(Object.keys(contexts).filter((name) => name !== "container")).toEqual([
      "os",
      "runtime",
      "app",
      "culture",
    ]);
    expect(failed).toEqual(["device"]);
  });
});

describe("cloudContext()", () => {
  test.each([
    [
      { AWS_LAMBDA_FUNCTION_NAME: "pay", AWS_REGION: "eu-west-1" },
      { "cloud.provider": "aws", "cloud.platform": "aws_lambda", "cloud.region": "eu-west-1" },
    ],
    [
      { K_SERVICE: "api", KUBERNETES_SERVICE_HOST: "10.0.0.1" },
      { "cloud.provider": "gcp", "cloud.platform": "gcp_cloud_run" },
    ],
    [
      { FLY_APP_NAME: "api", FLY_REGION: " ", FLY_MACHINE_ID: "17" },
      { "cloud.provider": "fly_io", "cloud.platform": "fly_machines", "host.id": "17" },
    ],
  ])("knows where a process runs by %j", (env, context) => {
    expect(cloudContext(env)).toEqual(context);
  });

  test("knows nothing elsewhere", () => {
    expect(cloudContext({})).toBeUndefined();
    expect(cloudContext({ VERCEL: " ", AWS_REGION: "eu-west-1" })).toBeUndefined();
  });
});

describe("findProjectRoot()", () => {
  test("is the folder of the main file's package.json, where none stands at the start", () => {
    mkdirSync(join(root, "api/src"), { recursive: true });
    mkdirSync(join(root, "else"));
    writeFileSync(join(root, "api/package.json"), "{}");

    expect(findProjectRoot(join(root, "else"), "../api/src/main.js")).toBe(join(root, "api"));
    expect(findProjectRoot(join(root, "api"), undefined)).toBe(join(root, "api"));
  });

  test("is the package of the entry in a monorepo, wherever it was started, and not the build's folder", () => {
    mkdirSync(join(root, "packages/api/dist"), { recursive: true });
    writeFileSync(join(root, "package.json"), '{"name":"repo"}');
    writeFileSync(join(root, "packages/api/package.json"), '{"name":"api","version":"2.0.0"}');
    writeFileSync(join(root, "packages/api/dist/package.json"), '{"type":"commonjs"}');

    expect(findProjectRoot(root, "packages/api/dist/main.js")).toBe(join(root, "packages/api"));
  });

  test("is the command's own package where it is installed, and the project's for a tool of the project", () => {
    mkdirSync(join(root, "lib/node_modules/acme/bin"), { recursive: true });
    mkdirSync(join(root, "shop/node_modules/vitest"), { recursive: true });
    for (const folder of ["lib/node_modules/acme", "shop", "shop/node_modules/vitest"])
      writeFileSync(join(root, folder, "package.json"), '{"name":"x"}');

    expect(findProjectRoot(join(root, "shop"), join(root, "lib/node_modules/acme/bin/acme.js"))).toBe(
      join(root, "lib/node_modules/acme"),
    );
    expect(findProjectRoot(join(root, "shop"), join(root, "shop/node_modules/vitest/cli.js"))).toBe(
      join(root, "shop"),
    );
  });
});
