import type { EventHint } from "../capture/hint.js";
import type { CaptureTarget } from "../context/current.js";
import type { Scope } from "../context/scope.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { Event, Level } from "../model/event.js";
import { thrownText } from "../model/messages.js";
import { demand } from "../model/option-checks.js";
import { type ClientOptions, integrationList } from "./options.js";

/** A step every event passes: changes it, or drops it with `null`. Synchronous: a promise drops the event. */
export type Processor = (event: Event, hint: EventHint) => Event | null;

/** The one seam for everything that hooks into the process or into events. */
export interface Integration {
  readonly name: string;
  /** Called once, by `init`. What it returns undoes it, and only it, on `close`. */
  setup?(client: CaptureTarget): (() => void) | undefined;
  /**
   * Called for each capture that is not merged, before it can be ignored, sampled out or folded: a counter here counts
   * every failure, also one that ends the process in the same turn. Runs within the capture, so it must be quick.
   */
  onCapture?(failure: CapturedFailure): void;
  /** A step of its own in front of the application's processors. */
  process?(event: Event, hint: EventHint): Event | null;
}

/** A capture, as integrations see it. */
export interface CapturedFailure {
  /** The key of its group, for comparing only. Read on first use. */
  readonly key: string;
  /** The name of the error; `""` for a message, `event` for an event without an exception. */
  readonly type: string;
  /** `false` where the application did not catch it. */
  readonly handled: boolean;
  readonly level: Level;
  /** The scope of the request or job, else the scope of the client. */
  readonly scope: Scope;
}

/** The integrations of a client: the built-in ones and the application's, or those that its function returned. */
export function chosenIntegrations(
  given: ClientOptions["integrations"],
  builtIn: readonly Integration[],
): readonly Integration[] {
  if (typeof given !== "function") return [...builtIn, ...(given ?? [])];
  const chosen = given(builtIn);
  demand("integrations()", chosen, integrationList);
  return chosen;
}

/**
 * Sets integrations up; one that fails does so alone.
 *
 * @returns undoes what they did
 * @internal
 */
export function setUpIntegrations(
  integrations: readonly Integration[],
  client: CaptureTarget,
  diagnostics: Diagnostics,
): () => void {
  const warn = (step: string, error: unknown): void =>
    diagnostics.warn("integration-failed", step, thrownText(error));
  const teardowns: { name: string; undo: () => void }[] = [];
  for (const integration of integrations) {
    const { name } = integration;
    try {
      const undo = integration.setup?.(client);
      if (typeof undo === "function") teardowns.push({ name, undo });
    } catch (error) {
      warn(`integration ${name}: setup`, error);
    }
  }
  return () => {
    for (const { name, undo } of teardowns.splice(0).reverse()) {
      try {
        undo();
      } catch (error) {
        warn(`integration ${name}: teardown`, error);
      }
    }
  };
}

/** Calls `onCapture` of each integration, before the gate decides. One that throws does not affect the others. */
export function announceCapture(
  integrations: readonly Integration[],
  failure: CapturedFailure,
  diagnostics: Diagnostics,
): void {
  for (const integration of integrations) {
    try {
      integration.onCapture?.(failure);
    } catch (error) {
      const step = `integration ${integration.name}: onCapture`;
      diagnostics.warn("integration-failed", step, thrownText(error));
    }
  }
}
