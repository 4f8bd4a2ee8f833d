import { describe, expect, test } from "vitest";
import { rejectionMode } from "./rejection-mode.js";

describe("rejectionMode()", () => {
  test("is Node's default when nothing is said", () => {
    expect(rejectionMode([], undefined)).toBe("throw");
    expect(rejectionMode(["--enable-source-maps"], "--max-old-space-size=4096")).toBe("throw");
  });

  test.each([
    [["--unhandled-rejections=warn"]],
    [["--unhandled-rejections", "warn"]],
    [["--unhandled_rejections=warn"]],
    [["--unhandled-rejections=none", "--unhandled-rejections=warn"]],
  ])("reads the command line %j", (execArgv) => {
    expect(rejectionMode(execArgv, undefined)).toBe("warn");
  });

  test.each([
    "--unhandled-rejections=none",
    "--trace-warnings  --unhandled-rejections none",
    '"--unhandled-rejections=none"',
  ])("reads NODE_OPTIONS %s", (nodeOptions) => {
    expect(rejectionMode([], nodeOptions)).toBe("none");
  });

  test("lets the command line win", () => {
    expect(rejectionMode(["--unhandled-rejections=strict"], "--unhandled-rejections=none")).toBe("strict");
  });

  test("takes nothing that is no mode", () => {
    expect(rejectionMode(["--unhandled-rejections=quietly"], undefined)).toBe("throw");
    expect(rejectionMode(["--unhandled-rejections"], undefined)).toBe("throw");
  });
});
