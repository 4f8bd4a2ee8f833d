import type { EventInput } from "../event.js";
import { conformInput } from "../process/conform.js";
import type { NormaliseLimits } from "../process/normalise.js";

/** An event that was made elsewhere, copied, and by what it can be recognised. */
export interface CapturedInput {
  readonly event: EventInput;
  readonly type: string;
  readonly text: string;
}

/** Copies an event given by the application, as far as it is one; anything else is an event that says nothing. */
export function readEventInput(input: unknown, limits: NormaliseLimits): CapturedInput {
  const { platform: _platform, ...event } = conformInput(input, limits);
  const root = event.exception?.values.at(-1);
  const text = root?.value ?? event.logentry?.message ?? event.logentry?.formatted ?? "";
  return { event, type: root?.type ?? "event", text };
}
