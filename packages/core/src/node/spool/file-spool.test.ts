import { describe, expect, test } from "vitest";
import { OptionsError } from "../../model/option-checks.js";
import { type FileSpoolOptions, fileSpool } from "./file-spool.js";

describe("fileSpool()", () => {
  test.for<[options: unknown, option: string, message: string]>([
    [{ maxBytes: 0 }, "fileSpool.maxBytes", "expected a whole number from 1 up, received 0"],
    [{ dir: 5 }, "fileSpool.dir", "expected a directory, received 5"],
    [{ dir: " " }, "fileSpool.dir", 'expected a directory, received " "'],
    [
      { directory: "x" },
      "fileSpool.directory",
      "expected one of dir, maxBytes, maxAgeMs, fsync, received an unknown key",
    ],
    ["/var", "fileSpool", 'expected an object, received "/var"'],
  ])("refuses %j", ([options, option, message]) => {
    const make = (): unknown => fileSpool(options as FileSpoolOptions);

    expect(make).toThrow(OptionsError);
    expect(make).toThrow(expect.objectContaining({ option, message: expect.stringContaining(message) }));
  });

  test("keeps events for seven days, or as long as it says", () => {
    expect(fileSpool().maxAgeMs).toBe(7 * 24 * 3600 * 1000);
    expect(fileSpool({ maxAgeMs: 1000 }).maxAgeMs).toBe(1000);
  });
});
