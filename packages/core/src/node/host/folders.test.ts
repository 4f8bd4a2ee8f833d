import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createProgram, ended, type Program } from "../../../test/support/child.js";
import { isThere, workingFolder } from "./folders.js";

test("isThere() tells what is there from what is not", () => {
  expect(isThere(tmpdir())).toBe(true);
  expect(isThere(join(tmpdir(), "nothing of that name"))).toBe(false);
});

test("workingFolder() is that of the process", () => {
  expect(workingFolder()).toBe(process.cwd());
});

describe("init()", () => {
  let program: Program;
  beforeEach(async () => {
    program = await createProgram(`
      import { mkdtempSync, rmSync } from "node:fs";
      import { tmpdir } from "node:os";
      import { join } from "node:path";
      import { captureException, flush, init } from "./index.js";
      import { fileSpool } from "./spool.js";
      import { recordingTransport } from "./testing.js";

      if (process.argv[2] === "deleted") {
        const folder = mkdtempSync(join(tmpdir(), "corvid-deleted-"));
        process.chdir(folder);
        rmSync(folder, { recursive: true });
      }
      // Whatever is made for the default is made in the folder of this program.
      process.env.XDG_STATE_HOME = __dirname;
      const transport = recordingTransport();
      init({ transport, spool: fileSpool() });
      captureException(new Error("x"));
      void flush().then(() => console.log(transport.events.length));
    `);
  });
  afterEach(() => program.remove());

  test("works in a folder that was deleted", async () => {
    const { code, out, err } = await ended(program.start(["deleted"]));

    expect({ code, out, err }).toEqual({ code: 0, out: "1\n", err: "" });
  });

  test("works where no other files may be read or written, and says once that there is no spool", async () => {
    const flag = process.allowedNodeEnvironmentFlags.has("--permission")
      ? "--permission"
      : "--experimental-permission";
    const { code, out, err } = await ended(
      program.start([], "pipe", [flag, `--allow-fs-read=${dirname(program.file)}/*`]),
    );

    expect({ code, out }).toEqual({ code: 0, out: "1\n" });
    expect(err.match(/\[corvid\]/g)).toHaveLength(1);
    expect(err).toContain("[corvid] spool: ");
  });
});
