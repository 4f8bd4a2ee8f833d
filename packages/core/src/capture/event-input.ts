import type { Event, Exception, LogEntry } from "../model/event.js";
import { conformInput, conformLogEntry } from "../process/conform.js";
import type { NormaliseLimits } from "../process/normalise.js";
import { NO_STACK, type StackText } from "./stack.js";

/** By what an event without an error object can be recognised. */
export interface ToldText {
  readonly type: string;
  readonly text: string;
  /** Its stack in V8's form; without lines for an event that has none. */
  readonly stack: StackText;
  /** The causes of its exception, nearest first. */
  readonly causes: readonly Exception[];
}

/** An event that was made elsewhere, copied. */
export interface CapturedInput extends ToldText {
  readonly event: Partial<Event>;
  /** Its text, where that came with a template. */
  readonly message?: LogEntry;
}

/** Copies an event given by the application, as far as it is one; anything else is an event that says nothing. */
export function readEventInput(input: unknown, limits: NormaliseLimits): CapturedInput {
  const { platform: _platform, ...event } = conformInput(input, limits);
  const root = event.exception?.values.at(-1);
  const message = event.exception === undefined ? conformLogEntry(input, limits) : undefined;
  const isTemplate = message?.message !== undefined && message.formatted === event.message;
  const text = root?.value ?? (isTemplate ? message.message : event.message) ?? "";
  const causes = event.exception?.values.slice(0, -1).reverse() ?? [];
  return {
    event,
    ...(isTemplate ? { message } : {}),
    type: root?.type ?? "event",
    text,
    stack: stackOf(root),
    causes,
  };
}

/** The topmost frames that have a position, the throwing one first. */
function stackOf(exception: Exception | undefined): StackText {
  const frames = exception?.stacktrace?.frames ?? [];
  if (frames.length === 0) return NO_STACK;
  const own = frames.filter(({ in_app }) => in_app !== false);
  const lines = (own.length > 0 ? own : frames)
    .slice(-MOST_FRAMES)
    .reverse()
    .map(
      ({ abs_path, filename, lineno, colno }) =>
        `    at ${abs_path ?? filename ?? "?"}:${lineno ?? 0}:${colno ?? 0}`,
    );
  return { lines };
}

/** As many as are looked at. */
const MOST_FRAMES = 20;
