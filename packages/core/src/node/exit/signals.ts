import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import { afterStack } from "../clock.js";
import { asOurs } from "./our-listener.js";

/** Listens for the signals that end a process, and lets them end it. */
export interface SignalWatch {
  readonly isListening: boolean;
  /** Listens for the signals without another listener, until {@link stop} or until one is added. */
  listen(): void;
  stop(): void;
}

/** What ends a process that does not listen, and leaves it a moment. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
type Signal = (typeof SIGNALS)[number];

/**
 * Makes a watch that, when a signal comes, calls `speak` and then lets the signal do what it would have done.
 *
 * A listener takes the effect of a signal away. So Corvid listens only where no other listener decides about the signal,
 * and stops as soon as one is added.
 */
export function createSignalWatch(speak: () => void): SignalWatch {
  const heard = new Set<Signal>();

  const onSignal = asOurs((signal: NodeJS.Signals, number: unknown): void => {
    // An application that emits the event itself has received no signal, and must not end of it.
    if (number !== constants.signals[signal] || process.listenerCount(signal) > 1) return;
    stop();
    speak();
    process.kill(process.pid, signal);
  });
  const onNewListener = (event: string | symbol, listener: unknown): void => {
    if (listener === onSignal || !heard.has(event as Signal)) return;
    // After the new listener was added: now Corvid's would be the last to go, and Node would stop listening.
    afterStack(() => {
      heard.delete(event as Signal);
      process.off(event, onSignal);
    });
  };
  const stop = (): void => {
    process.off("newListener", onNewListener);
    for (const signal of heard) process.off(signal, onSignal);
    heard.clear();
  };

  return {
    get isListening() {
      return heard.size > 0;
    },
    listen() {
      if (!isEndedBySignals() || heard.size > 0) return;
      for (const signal of SIGNALS) {
        if (process.listenerCount(signal) > 0) continue;
        heard.add(signal);
        process.on(signal, onSignal);
      }
      if (heard.size > 0) process.on("newListener", onNewListener);
    },
    stop,
  };
}

/** Threads receive no signals, and a signal without a listener does not end the first process of a container. */
function isEndedBySignals(): boolean {
  return isMainThread && process.pid !== 1;
}
