import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestServer } from "@corvid/test-server";
import { build as buildWithEsbuild, type Format } from "esbuild";
import { describe, expect, test } from "vitest";
import { runNode } from "./exit/node-process.js";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

const APPLICATION = `
  import { captureException, close, init } from "@corvid/core";
  init();
  captureException(new Error("from a bundle"));
  close().then((isDone) => console.log(isDone));
`;

describe("an application bundled into one file, with the published build inside", () => {
  test.each<[Format, string]>([
    ["esm", "mjs"],
    ["cjs", "cjs"],
  ])("sends its events as %s", async (format, extension) => {
    const folder = mkdtempSync(join(tmpdir(), "corvid-bundle-"));
    const outfile = join(folder, `application.${extension}`);
    const server = await startTestServer();
    try {
      await buildWithEsbuild({
        stdin: { contents: APPLICATION, resolveDir: PACKAGE },
        outfile,
        bundle: true,
        minify: true,
        platform: "node",
        format,
        logLevel: "error",
      });
      const { code, stdout, stderr } = await runNode({ argv: [outfile], env: { SENTRY_DSN: server.dsn } });

      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "true\n", stderr: "" });
      expect(server.events().map(({ event }) => event.exception?.values.at(-1)?.value)).toEqual([
        "from a bundle",
      ]);
    } finally {
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
