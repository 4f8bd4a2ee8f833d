/** A program that ends in some way, and what must arrive of it. */
export interface Program {
  /** What happens, in a few words; unique. */
  readonly what: string;
  /** In `programs/`. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Sent once the program has said `ready`. */
  readonly signal?: NodeJS.Signals;
  /** A part of the text of each event that must arrive, sorted. */
  readonly events: readonly string[];
  /** Why less arrives than was captured. */
  readonly lost?: string;
}

const mode = (name: string): readonly string[] => [`--unhandled-rejections=${name}`];
const MODES = ["throw", "strict", "warn", "none", "warn-with-error-code"] as const;

/** Every way of ending that Corvid must leave as it is. */
export const PROGRAMS: readonly Program[] = [
  { what: "throws (CommonJS)", file: "throw.cjs", events: ["thrown"] },
  { what: "throws (ES module)", file: "throw.mjs", events: ["thrown"] },
  ...["timer", "immediate", "tick", "microtask"].map((way) => ({
    what: `throws later (${way})`,
    file: "throw-later.cjs",
    args: [way],
    events: ["thrown later"],
  })),
  { what: "throws undefined", file: "throw-value.cjs", args: ["undefined"], events: ["undefined"] },
  { what: "throws null", file: "throw-value.cjs", args: ["null"], events: ["null"] },
  { what: "throws a symbol", file: "throw-value.cjs", args: ["symbol"], events: ["Symbol(thrown)"] },
  { what: "throws a text", file: "throw-value.cjs", args: ["text"], events: ["thrown text"] },
  { what: "throws an object without prototype", file: "throw-value.cjs", args: ["bare"], events: ["{}"] },
  { what: "throws a frozen error", file: "throw-value.cjs", args: ["frozen"], events: ["frozen"] },
  {
    what: "throws an error that cannot be read",
    file: "throw-value.cjs",
    args: ["trap"],
    events: ["do not look"],
  },
  {
    what: "overflows the stack",
    file: "stack-overflow.cjs",
    events: ["Maximum call stack size exceeded"],
  },
  { what: "emits 'error' to nobody", file: "error-event.cjs", events: ["nobody listens"] },
  { what: "imports a file that is missing", file: "missing-module.mjs", events: ["Cannot find module"] },
  {
    what: "fails an assertion",
    file: "assertion.cjs",
    events: ["Expected values to be strictly deep-equal"],
  },
  {
    what: "throws with a source map",
    file: "source-map.cjs",
    nodeArgs: ["--enable-source-maps"],
    events: ["mapped"],
  },
  { what: "throws with its own stack settings", file: "stack-settings.cjs", events: ["thrown"] },
  { what: "warns, then throws", file: "warning.cjs", events: ["thrown"] },
  {
    what: "warns under --throw-deprecation",
    file: "warning.cjs",
    nodeArgs: ["--throw-deprecation"],
    events: ["old"],
  },

  { what: "rejects (CommonJS)", file: "reject.cjs", events: ["rejected"] },
  { what: "rejects (top-level await)", file: "reject.mjs", events: ["rejected"] },
  {
    what: "rejects with undefined",
    file: "reject-value.cjs",
    args: ["undefined"],
    events: ["undefined"],
  },
  {
    what: "rejects with a text",
    file: "reject-value.cjs",
    args: ["string"],
    events: ["rejected text"],
  },
  { what: "rejects with an AbortError", file: "reject-aborted.cjs", events: ["This operation was aborted"] },
  ...MODES.map((name) => ({
    what: `rejects, ${name}`,
    file: "reject.cjs",
    nodeArgs: mode(name),
    events: ["rejected"],
  })),
  ...MODES.map((name) => ({
    what: `rejects before a listener, ${name}`,
    file: "reject-listened.cjs",
    nodeArgs: mode(name),
    events: ["rejected"],
  })),
  {
    what: "rejects, warn-with-error-code by NODE_OPTIONS",
    file: "reject.cjs",
    env: { NODE_OPTIONS: "--unhandled-rejections=warn-with-error-code" },
    events: ["rejected"],
  },
  {
    what: "rejects twice before a one-time listener",
    file: "reject-listened-once.cjs",
    events: ["first", "second"],
  },
  { what: "rejects after its listener has gone", file: "reject-listener-gone.cjs", events: ["rejected"] },
  {
    what: "rejects, and handles it later",
    file: "reject-handled-later.cjs",
    nodeArgs: mode("warn"),
    events: ["rejected"],
  },
  { what: "rejects before a listener that throws", file: "reject-listener-throws.cjs", events: ["rejected"] },

  { what: "survives its errors", file: "survive.cjs", events: ["four", "one", "three", "two"] },
  { what: "survives by a capture callback", file: "survive-callback.cjs", events: ["thrown"] },
  { what: "survives by a domain", file: "survive-domain.cjs", events: ["thrown"] },
  { what: "exits in its uncaughtException listener", file: "listener-exits.cjs", events: ["thrown"] },
  {
    what: "throws in its uncaughtException listener",
    file: "listener-throws.cjs",
    events: [],
    lost: "Node asks nobody any more",
  },
  {
    what: "throws in its monitor",
    file: "monitor-throws.cjs",
    events: [],
    lost: "Node asks nobody any more",
  },

  { what: "exits right after a capture", file: "exit.cjs", events: ["before", "caught"] },
  { what: "exits in a microtask", file: "exit-microtask.cjs", events: ["caught"] },
  { what: "ends with an exit code", file: "exit-code.cjs", events: ["caught"] },
  { what: "simply ends", file: "end.mjs", events: ["caught"] },
  { what: "exits after much output", file: "exit-after-output.cjs", events: ["caught"] },
  {
    what: "captures in exit listeners",
    file: "exit-listener-captures.cjs",
    events: ["in the first listener", "in the second listener: 0"],
  },
  {
    what: "throws in an exit listener",
    file: "exit-listener-throws.cjs",
    events: ["before", "in the listener"],
  },
  { what: "exits in an exit listener", file: "exit-listener-exits.cjs", events: ["before"] },
  { what: "sets the code in an exit listener", file: "exit-listener-sets-code.cjs", events: ["before"] },
  { what: "captures in beforeExit", file: "before-exit.cjs", events: ["nearly over"] },
  { what: "works on in beforeExit", file: "before-exit-works.cjs", events: ["caught"] },
  { what: "throws during a flush", file: "throw-during-flush.cjs", events: ["caught", "meanwhile"] },
  {
    what: "throws while it closes",
    file: "throw-while-closing.cjs",
    events: ["first"],
    lost: "a closed client takes nothing",
  },
  { what: "waits for what never comes", file: "hanging-await.mjs", events: ["before"] },
  { what: "aborts", file: "abort.cjs", events: [], lost: "Node asks nobody" },
  { what: "is killed", file: "kill.cjs", events: [], lost: "nobody can be asked" },

  ...(["SIGTERM", "SIGINT", "SIGHUP"] as const).map((signal) => ({
    what: `gets ${signal}`,
    file: "signal.cjs",
    signal,
    events: ["caught"],
  })),
  { what: "sends itself SIGTERM", file: "signal-self.cjs", args: ["SIGTERM"], events: ["caught"] },
  { what: "gets SIGTERM, listening", file: "signal-listened.cjs", signal: "SIGTERM", events: ["caught"] },
  { what: "gets SIGTERM, listening since shortly", file: "signal-listened-later.cjs", events: ["caught"] },
  {
    what: "gets SIGTERM, with a package like signal-exit",
    file: "signal-exit.cjs",
    signal: "SIGTERM",
    events: [],
    lost: "somebody else decides, and ends the process by a signal",
  },
  { what: "emits SIGTERM itself", file: "signal-emitted.cjs", events: ["caught"] },
  {
    what: "gets SIGTERM in a loop without end",
    file: "busy-loop.cjs",
    signal: "SIGTERM",
    events: [],
    lost: "the loop never gives way",
  },

  { what: "has a thread that throws", file: "worker-throws.cjs", events: ["in the thread"] },
  {
    what: "has a thread that throws, unheard",
    file: "worker-throws-unheard.cjs",
    events: ["in the thread", "in the thread"],
  },
  { what: "has a thread that exits", file: "worker-exits.cjs", events: ["in the thread"] },
  {
    what: "ends a thread of its own",
    file: "worker-ended.cjs",
    events: [],
    lost: "Node asks nobody in a thread that is terminated",
  },
  { what: "has a child that throws", file: "child-throws.cjs", events: ["in the child"] },
  { what: "is a cluster whose worker throws", file: "cluster.cjs", events: ["in the cluster"] },
  {
    what: "is a cluster whose worker disconnects",
    file: "cluster-disconnects.cjs",
    events: ["in the cluster"],
  },
  { what: "counts its listeners", file: "listeners.cjs", events: ["caught"] },
];
