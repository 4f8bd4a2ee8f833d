import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { enableCrashReport, REPORT_FOLDER } from "./run-report-setting.js";

let folder: string;
const warnings: string[] = [];
const warn = (text: string): void => void warnings.push(text);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-report-"));
  warnings.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As Node has them. */
const untouched = {
  reportOnFatalError: false,
  reportOnSignal: false,
  reportOnUncaughtException: false,
  directory: "",
  filename: "",
};
const FLAGS = ["--report-exclude-env", "--report-exclude-network"];

describe("enableCrashReport()", () => {
  test("has Node write into a folder that is its owner's alone, and gives everything back", () => {
    const settings = { ...untouched };
    const directory = join(folder, REPORT_FOLDER);
    const undo = enableCrashReport(folder, warn, settings, FLAGS);

    expect(settings).toEqual({
      ...untouched,
      reportOnFatalError: true,
      directory,
    });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    undo();
    expect(settings).toEqual(untouched);
    expect(existsSync(directory)).toBe(false);
    expect(warnings).toEqual([]);
  });

  test("leaves what the application has set since", () => {
    const settings = { ...untouched };
    const undo = enableCrashReport(folder, warn, settings, FLAGS);
    settings.directory = "/var/reports";
    undo();

    expect(settings).toEqual({ ...untouched, reportOnFatalError: true, directory: "/var/reports" });
  });

  test.for([
    { reportOnFatalError: true },
    { reportOnSignal: true },
    { reportOnUncaughtException: true },
    { directory: "/var/reports" },
    { filename: "stdout" },
  ])("changes nothing where the application has %j", (own) => {
    const settings = { ...untouched, ...own };
    enableCrashReport(folder, warn, settings, FLAGS)();

    expect(settings).toEqual({ ...untouched, ...own });
    expect(warnings).toEqual([expect.stringContaining("settings of the application's own")]);
  });

  test.for([[[]], [["--report-exclude-env"]], [["--report-exclude-network"]]])(
    "changes nothing where Node would write more than it may: %j",
    ([flags]) => {
      const settings = { ...untouched };
      enableCrashReport(folder, warn, settings, flags)();

      expect(settings).toEqual(untouched);
      expect(warnings).toEqual([expect.stringContaining("--report-exclude-env --report-exclude-network")]);
    },
  );

  test("changes nothing where there can be no folder", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const settings = { ...untouched };
    enableCrashReport(file, warn, settings, FLAGS)();

    expect(settings).toEqual(untouched);
    expect(warnings).toEqual([expect.stringContaining("ENOTDIR")]);
  });
});
