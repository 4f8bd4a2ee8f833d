import { describe, expect, test } from "vitest";
import { collector, run } from "./run.js";

describe("corvid", () => {
  test.each([
    [["--help"], "Usage: corvid COMMAND"],
    [["help"], "Usage: corvid COMMAND"],
    [["help", "test"], "Usage: corvid test"],
    [["help", "constructor"], "Usage: corvid COMMAND"],
    [["test", "--help"], "Usage: corvid test"],
    [["doctor", "--nonsense", "--help"], "Usage: corvid doctor"],
    [["--version"], "0.0.0-source\n"],
  ])("%j prints and ends with 0", async (args, text) => {
    expect(await run(args)).toEqual({ code: 0, out: expect.stringContaining(text), err: "" });
  });

  test.each([
    [[], "expected a command: test, doctor or spool"],
    [["tset"], 'unknown command "tset": did you mean test?'],
    [["Docter"], 'unknown command "Docter": did you mean doctor?'],
    [["--versoin"], "did you mean --version?"],
    [["toString"], 'unknown command "toString": expected test, doctor or spool'],
    [["test", "--jsn"], 'unknown option "--jsn": did you mean --json?'],
    [["test", "--colour"], "expected one of --timeout, --json, --help"],
    [["test", "-x"], 'unknown option "-x"'],
    [["test", "--timeout"], "--timeout: expected a value, received none"],
    [["test", "--timeout", "--json"], "--timeout: expected a value, received none"],
    [["test", "--json=1"], "--json: expected no value, received one"],
    [["test", "--timeout", "soon"], 'expected seconds, more than 0 and at most 3600, received "soon"'],
    [["test", "--timeout", "0"], 'received "0"'],
    [["test", "--timeout", "3601"], 'received "3601"'],
    [["test", "--timeout", "-1"], "--timeout"],
    [["test", "a", "b"], "expected at most 1 operand, received 2"],
    [["doctor", "here"], "expected at most 0 operands, received 1"],
  ])("%j ends with 2 and says what was expected", async (args, text) => {
    expect(await run(args)).toEqual({ code: 2, out: "", err: expect.stringContaining(text) });
  });

  test.each([
    [["https://key:hidden@host/1"]],
    [["test", "https://key:hidden@host/1", "https://key:hidden@host/2"]],
    [["test", "--dsn=https://key:hidden@host/1"]],
    [["test", "--https://key:hidden@host/1"]],
    [["test", "--timeout", "https://key:hidden@host/1"]],
    [["test", "--json=https://key:hidden@host/1"]],
    [["doctor", "https://key:hidden@host/1"]],
  ])("%j does not repeat the address", async (args) => {
    const { code, out, err } = await run(args);

    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).not.toContain("hidden");
  });

  test("a faulty option on a long command line is answered at once", async () => {
    const { err } = await run(["x".repeat(1_000_000)]);

    expect(err.length).toBeLessThan(300);
  });

  test("colours only where they are welcome", async () => {
    const out = collector(true);
    await run(["test"], { out });

    expect(out.text()).toContain("\u001b[31mproblem");
    expect((await run(["test"])).out).not.toContain("\u001b");
  });
});
