import type { Integration } from "../../client/integration.js";
import { type CaptureTarget, currentClient } from "../../context/current.js";
import type { Mechanism } from "../../model/event.js";
import { asOurs, isOurs } from "./our-listener.js";
import { type RejectionMode, rejectionMode } from "./rejection-mode.js";

/** The mechanism of unhandled rejections. */
export const UNHANDLED_REJECTION: Mechanism = { type: "auto.node.onunhandledrejection", handled: false };

const EVENT = "unhandledRejection";

const watchers = new Set<CaptureTarget>();
let mode: RejectionMode = "throw";

/**
 * Reports unhandled rejections where Node does not turn them into exceptions.
 *
 * A listener changes how the process ends: in most modes any listener saves it. So Corvid
 * listens only where that is without consequence, or where the application listens already and has decided:
 *
 * - `throw` (Node's default), `warn-with-error-code`: beside a listener of the application
 * - `warn`, `none`: always
 * - `strict`: never, Node throws them before any listener runs
 *
 * Without a listener `throw` makes exceptions of them, and `warn-with-error-code` a warning that can be read.
 */
export const unhandledRejections: Integration = {
  name: "unhandled-rejections",
  setup(client) {
    if (watchers.size === 0) start();
    watchers.add(client);
    return () => {
      watchers.delete(client);
      if (watchers.size === 0) stop();
    };
  },
};

function start(): void {
  mode = rejectionMode(process.execArgv, process.env["NODE_OPTIONS"]);
  if (mode === "strict") return;
  if (mode === "warn" || mode === "none") {
    listen();
    return;
  }
  process.on("newListener", onNewListener);
  process.on("removeListener", onRemoveListener);
  if (mode === "warn-with-error-code") process.on("warning", onWarning);
  if (hasForeignListener()) listen();
}

function stop(): void {
  process.off("newListener", onNewListener);
  process.off("removeListener", onRemoveListener);
  process.off("warning", onWarning);
  process.off(EVENT, onRejection);
}

/** First, because the application's listener may end the process. */
function listen(): void {
  if (!process.listeners(EVENT).includes(onRejection)) process.prependListener(EVENT, onRejection);
}

function onNewListener(event: string | symbol, listener: object): void {
  if (event === EVENT && !isOurs(listener)) listen();
}

function onRemoveListener(event: string | symbol): void {
  if (event === EVENT && !hasForeignListener()) process.off(EVENT, onRejection);
}

function hasForeignListener(): boolean {
  return process.listeners(EVENT).some((listener) => !isOurs(listener));
}

function onRejection(reason: unknown): void {
  capture(reason);
}
asOurs(onRejection);

/** Node warns twice: with the stack of what was rejected, and with a text that is always the same. */
function onWarning(warning: Error): void {
  if (warning.name !== "UnhandledPromiseRejectionWarning" || process.listenerCount(EVENT) > 0) return;
  if (!warning.message.startsWith("Unhandled promise rejection.")) capture(errorFromStack(warning.message));
}

function capture(reason: unknown): void {
  const client = currentClient();
  if (client === undefined || !watchers.has(client)) return;
  client.captureException(reason, { mechanism: UNHANDLED_REJECTION });
}

/** An error that is known only by its stack. */
function errorFromStack(stack: string): unknown {
  const head = /^((?:\w+\.)*\w*(?:Error|Exception)\w*)(?: \[\w+\])?(?:: ([\s\S]*?))?(?=\n {4}at )/.exec(
    stack,
  );
  if (head === null) return stack;
  const error = new Error(head[2] ?? "");
  error.name = head[1]!;
  error.stack = stack;
  return error;
}
