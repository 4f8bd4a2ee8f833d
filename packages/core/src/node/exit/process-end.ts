import type { EndingClient, EndWatch } from "../../client/platform.js";
import { afterStack, monotonicMs } from "../clock.js";
import { createSignalWatch, type SignalWatch } from "./signals.js";

/**
 * Watches over the end of the process: one listener and one deadline, however many clients there are. What is
 * undelivered is sent in the `exit` event, while Node waits; nothing else about the end is touched.
 */
export class ProcessEnd {
  readonly #clients = new Set<EndingClient>();
  readonly #signals: SignalWatch;
  #isLooking = false;
  #isSpeaking = false;
  /** When the `exit` event came, on the monotonic clock: what is captured since has no later moment to leave. */
  #overSince: number | undefined;
  readonly #onExit = (code: number): void => {
    this.#overSince = monotonicMs();
    this.#speak(this.#overSince);
    for (const client of this.#clients) client.over(code);
  };

  constructor() {
    this.#signals = createSignalWatch(() => this.#speak(monotonicMs()));
  }

  /** Watches over a client as well. */
  join(client: EndingClient): EndWatch {
    // The first of the listeners: one that throws keeps the later ones from being called.
    if (this.#clients.size === 0) process.prependListener("exit", this.#onExit);
    this.#clients.add(client);
    return {
      changed: () => this.#changed(),
      leave: () => {
        this.#clients.delete(client);
        if (this.#clients.size === 0) process.off("exit", this.#onExit);
        this.#changed();
      },
    };
  }

  get #isUndelivered(): boolean {
    for (const client of this.#clients) if (client.undelivered() > 0) return true;
    return false;
  }

  #changed(): void {
    if (this.#overSince !== undefined) this.#speak(this.#overSince);
    else if (this.#signals.isListening) {
      if (!this.#isUndelivered) this.#signals.stop();
    } else if (!this.#isLooking) {
      // Not within the turn: a loop that never ends must stay one that a signal can end.
      this.#isLooking = true;
      afterStack(() => this.#look());
    }
  }

  #look(): void {
    this.#isLooking = false;
    if (this.#isUndelivered) this.#signals.listen();
  }

  /** One client after the other, in the time that all share; one whose server hangs must leave some for the rest. */
  #speak(begunAt: number): void {
    if (this.#isSpeaking) return;
    this.#isSpeaking = true;
    const waiting = [...this.#clients].filter((client) => client.undelivered() > 0);
    waiting.forEach((client, index) => {
      const left = begunAt + client.shutdownTimeoutMs - monotonicMs();
      if (left > 0) client.sendSync(left / (waiting.length - index));
    });
    this.#isSpeaking = false;
  }
}

const KEY = Symbol.for("@corvid/core/end");

/** The one of this process, for all copies of Corvid in it. */
export function processEnd(): ProcessEnd {
  const holder = globalThis as { [key: symbol]: ProcessEnd | undefined };
  holder[KEY] ??= new ProcessEnd();
  return holder[KEY];
}
