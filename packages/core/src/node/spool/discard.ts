import { readFinished } from "../../spool/finished.js";
import type { SpoolCount, SpooledEvent } from "../../spool/store.js";
import { visitEnded } from "./ended.js";

/** What {@link discardSpool} removes. */
export interface DiscardOptions {
  /** `raw`: what only the application can make events of. `finished`: what could be sent. Default both. */
  readonly only?: "raw" | "finished";
}

/**
 * Forgets events that ended processes left in a spool folder; never what a live one has.
 *
 * @returns how many events were forgotten, and the captures they stand for
 */
export async function discardSpool(dir: string, { only }: DiscardOptions = {}): Promise<SpoolCount> {
  let events = 0;
  let captures = 0;
  const unreadable = await visitEnded(dir, async (found, store) => {
    for (const event of found) {
      if (only !== undefined && kindOf(event) !== only) continue;
      store.settle(event.id);
      events++;
      captures += capturesOf(event);
    }
    return true;
  });
  return { events: events + unreadable, captures: captures + unreadable };
}

/** A finished event says itself how many captures it stands for. */
function capturesOf(event: SpooledEvent): number {
  const envelope = kindOf(event) === "finished" ? readFinished(event.parts[0]!.payload) : undefined;
  return envelope?.weight ?? 1 + event.more.count;
}

/** Whether an event can be sent as it is. */
export function kindOf({ parts }: SpooledEvent): "raw" | "finished" {
  return parts[0]?.kind === "finished" ? "finished" : "raw";
}
