import { type ChildProcess, spawn } from "node:child_process";
import { createProgram, type Program } from "../support/child.js";

/** What `argv` asks for, done in a process of its own: `dsn`, `dir`, then the deed. */
const CODE = `
import { writeSync } from "node:fs";
import { addBreadcrumb, captureException, flush, init } from "./index.js";
import { fileSpool } from "./spool.js";

// Before the client writes for the first time how it is doing.
addBreadcrumb({ message: "about to be killed" });
const [dsn, dir, deed, count = "20", mark = ""] = process.argv.slice(2);
const client = init({ dsn, spool: fileSpool({ dir }), release: "shop@1.0.0", once: { mergeMs: 0 }, tags: { mark } });
const said = (line) => writeSync(1, line + "\\n");
const failure = (text) => captureException(new Error(text + " of " + mark));

const DEEDS = {
  killed() {
    for (let number = 0; number < Number(count); number++) said(failure("failure " + "abcdefghijklmnopqrst"[number]));
    process.kill(process.pid, "SIGKILL");
  },
  "killed-in-storm"() {
    for (let number = 0; number < Number(count); number++) failure("the same");
    process.kill(process.pid, "SIGKILL");
  },
  "killed-when-wrapped"() {
    const inner = new Error("inner of " + mark);
    said(captureException(inner, { tags: { seen: "inside" } }));
    said(captureException(new TypeError("outer of " + mark, { cause: inner }), { tags: { seen: "outside" } }));
    process.kill(process.pid, "SIGKILL");
  },
  async "killed-when-refused"() {
    said(failure("refused"));
    await flush(500);
    process.kill(process.pid, "SIGKILL");
  },
  "lives-for-a-moment"() {
    setTimeout(() => undefined, 300);
  },
  exits() {
    for (let number = 0; number < Number(count); number++) said(failure("failure " + "abcdefghijklmnopqrst"[number]));
    process.exit(3);
  },
  /** Two listeners, of which one was there before Corvid's. */
  "captures-in-exit"() {
    said(failure("before the end"));
    process.prependListener("exit", () => said(failure("at the end")));
    process.on("exit", () => said(failure("at the very end")));
    process.exit(3);
  },
  throws() {
    said(failure("before"));
    throw new RangeError("the end of " + mark);
  },
  /** Fails every few milliseconds until its input ends. */
  works() {
    let number = 0;
    const timer = setInterval(() => said(failure("failure " + String.fromCharCode(97 + number++ % 26).repeat(1 + number))), 20);
    process.stdin.on("end", async () => {
      clearInterval(timer);
      await client.close(10_000);
    });
    process.stdin.resume();
  },
};
DEEDS[deed]();
`;

export type Deed =
  | "killed"
  | "killed-in-storm"
  | "killed-when-wrapped"
  | "killed-when-refused"
  | "exits"
  | "captures-in-exit"
  | "lives-for-a-moment"
  | "throws"
  | "works";

export interface SpoolProgram {
  /** @param node - path of another Node than this one */
  run(dsn: string, dir: string, deed: Deed, count?: number, mark?: string, node?: string): ChildProcess;
  remove(): void;
}

export async function createSpoolProgram(): Promise<SpoolProgram> {
  const program: Program = await createProgram(CODE);
  return {
    run: (dsn, dir, deed, count = 20, mark = "one", node = process.execPath) =>
      spawn(node, [program.file, dsn, dir, deed, String(count), mark], { stdio: "pipe" }),
    remove: () => program.remove(),
  };
}
