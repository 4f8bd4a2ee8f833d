import type { EventHint } from "../capture/hint.js";
import type { DropReason } from "../drops.js";
import type { Event } from "../event.js";
import { unobserved } from "../hook-guard.js";
import type { Processor } from "../integration.js";

/** A processor with the name and the drop reason it goes by. */
export interface NamedProcessor {
  readonly name: string;
  readonly reason: Extract<DropReason, "event_processor" | "before_send">;
  readonly run: Processor;
}

/** What the list of processors made of an event. */
export type ProcessResult =
  | { readonly event: Event }
  | {
      readonly dropped: NamedProcessor["reason"] /** Why, for people; absent when the processor said `null`. */;
      readonly trouble?: string;
    };

/**
 * Runs the application's code on an event, one processor after the other. One that throws, or returns anything but
 * an event or `null`, drops the event: a scrubber that fails must not let the event pass unscrubbed.
 */
export function runProcessors(
  event: Event,
  processors: readonly NamedProcessor[],
  hint: EventHint,
): ProcessResult {
  let current = event;
  for (const { name, reason, run } of processors) {
    const outcome = attempt(run, current, hint);
    if ("error" in outcome) return { dropped: reason, trouble: `${name} threw ${describe(outcome.error)}` };
    const { returned } = outcome;
    if (returned === null) return { dropped: reason };
    const trouble = notAnEvent(returned);
    if (trouble !== undefined)
      return {
        dropped: reason,
        trouble: `${name} must return the event or null, synchronously, but returned ${trouble}`,
      };
    current = returned as Event;
  }
  return { event: current };
}

function attempt(run: Processor, event: Event, hint: EventHint): { returned: unknown } | { error: unknown } {
  try {
    return { returned: unobserved(() => run(event, hint)) };
  } catch (error) {
    return { error };
  }
}

function notAnEvent(returned: unknown): string | undefined {
  if (typeof returned !== "object" || returned === null)
    return returned === undefined ? "nothing" : `a ${typeof returned}`;
  if (Array.isArray(returned)) return "an array";
  if (typeof (returned as { then?: unknown }).then !== "function") return undefined;
  // Nobody else will look at this promise: its rejection must not end the process.
  (returned as Promise<unknown>).then(undefined, () => undefined);
  return "a promise";
}

function describe(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "something that cannot be shown";
  }
}
