import type { EventHint } from "../capture/hint.js";
import type { Processor } from "../client/integration.js";
import type { Event } from "../model/event.js";
import { type Message, thrownText } from "../model/messages.js";
import type { DropReason } from "../transport/drops.js";
import { receivedInstead, unobserved } from "./hook-guard.js";

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
      readonly dropped: NamedProcessor["reason"];
      /** Why, for people; absent when the processor said `null`. */
      readonly trouble?: Message;
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
    if ("error" in outcome)
      return { dropped: reason, trouble: ["hook-threw", name, thrownText(outcome.error), "event"] };
    const { returned } = outcome;
    if (returned === null) return { dropped: reason };
    const received = receivedInstead(returned);
    if (received !== undefined)
      return { dropped: reason, trouble: ["hook-returned", name, received, "event"] };
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
