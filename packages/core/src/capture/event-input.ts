import type { EventInput } from "../event.js";
import { type NormaliseLimits, normalise } from "../process/normalise.js";

/** An event that was made elsewhere, copied, and by what it can be recognised. */
export interface CapturedInput {
  readonly event: EventInput;
  readonly type: string;
  readonly text: string;
}

/** Frames lie deep in an event and are many: its own shape is bounded by more than values are. */
const EVENT_SHAPE = { depth: 12, breadth: 250 };

/** Copies an event given by the application; anything else is an event that says nothing. */
export function readEventInput(input: unknown, { stringLength }: NormaliseLimits): CapturedInput {
  const copy = normalise(input, { ...EVENT_SHAPE, stringLength });
  const event = (typeof copy === "object" && copy !== null && !Array.isArray(copy) ? copy : {}) as EventInput;
  const values: unknown = event.exception?.values;
  const root = Array.isArray(values) ? values.at(-1) : undefined;
  const text = root?.value ?? event.logentry?.message ?? event.logentry?.formatted ?? "";
  return { event, type: String(root?.type ?? "event"), text: String(text) };
}
