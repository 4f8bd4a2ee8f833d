import type { EventHint } from "../capture/hint.js";
import type { CaptureTarget } from "../context/current.js";
import type { Scope } from "../context/scope.js";
import type { Event } from "../model/event.js";

/** A step every event passes: changes it, or drops it with `null`. Synchronous: a promise drops the event. */
export type Processor = (event: Event, hint: EventHint) => Event | null;

/** The one seam for everything that hooks into the process or into events. */
export interface Integration {
  readonly name: string;
  /** Called once, by `init`. What it returns undoes it, and only it, on `close`. */
  setup?(client: CaptureTarget): (() => void) | undefined;
  /**
   * Called for each failure before it is decided whether it goes in full, so that what counts here counts those that are
   * folded. What is merged, ignored or sampled out is left out before. Must be quick.
   */
  onCapture?(key: string, scope: Scope): void;
  /** A step of its own in front of the application's processors. */
  process?(event: Event, hint: EventHint): Event | null;
}

/**
 * Sets integrations up; one that fails does so alone.
 *
 * @param onTrouble - told which one failed, and how
 * @returns undoes what they did
 * @internal
 */
export function setUpIntegrations(
  integrations: readonly Integration[],
  client: CaptureTarget,
  onTrouble: (what: string, error: unknown) => void,
): () => void {
  const teardowns: { name: string; undo: () => void }[] = [];
  for (const integration of integrations) {
    const { name } = integration;
    try {
      const undo = integration.setup?.(client);
      if (typeof undo === "function") teardowns.push({ name, undo });
    } catch (error) {
      onTrouble(`integration ${name}: setup`, error);
    }
  }
  return () => {
    for (const { name, undo } of teardowns.splice(0).reverse()) {
      try {
        undo();
      } catch (error) {
        onTrouble(`integration ${name}: teardown`, error);
      }
    }
  };
}
