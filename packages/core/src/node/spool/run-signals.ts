import { constants } from "node:os";
import { asOurs, isOurs } from "../exit/our-listener.js";

/** The signals that ask a process to end and leave it a moment. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
type Signal = (typeof SIGNALS)[number];

/**
 * Listens for the first signal of each kind that a listener of the application handles, without changing the effect of
 * signals:
 *
 * - A signal without listeners ends the process. So Corvid listens only beside other listeners.
 * - Clean-up code may count the listeners during a signal, or later, and end the process if its own is the only one. So
 *   Corvid's listener is the first, removes itself before the next one runs, and does not come back.
 * - Node warns of an eleventh listener. So Corvid adds neither the tenth nor the eleventh.
 *
 * @param heard - called before the application's listeners; must not throw
 * @returns stops listening
 */
export function hearSignals(heard: (name: string) => void): () => void {
  const ears = new Map(SIGNALS.map((name) => [name as string | symbol, createEar(name, heard)]));
  const onChange = (event: string | symbol, listener: unknown): void => {
    const ear = ears.get(event);
    if (ear === undefined || isOurs(listener)) return;
    // At once: the new one may be the eleventh. And back when it is there, to be the first, if there is still somebody.
    ear.leave();
    process.nextTick(ear.settle);
  };
  process.on("newListener", onChange);
  process.on("removeListener", onChange);
  for (const ear of ears.values()) ear.settle();
  return () => {
    process.off("newListener", onChange);
    process.off("removeListener", onChange);
    for (const ear of ears.values()) ear.stop();
  };
}

/** One listener, which is there when it may be. */
interface Ear {
  /** Listens, first of all, or not at all. */
  readonly settle: () => void;
  readonly leave: () => void;
  /** Leaves for good. */
  readonly stop: () => void;
}

function createEar(name: Signal, heard: (name: string) => void): Ear {
  let isDone = false;
  const listener = asOurs((_name?: unknown, number?: unknown): void => {
    leave();
    // An application that emits the event itself has received no signal.
    if (number !== constants.signals[name]) {
      process.nextTick(settle);
      return;
    }
    isDone = true;
    heard(name);
  });

  const settle = (): void => {
    if (isDone) return;
    leave();
    const others = process.listeners(name);
    const most = process.getMaxListeners() || Number.POSITIVE_INFINITY;
    if (others.length + 2 <= most && !others.every(isOurs)) process.prependListener(name, listener);
  };
  // However often it is there: an application may have taken all listeners away and put them back.
  const leave = (): void => {
    while (process.listeners(name).includes(listener)) process.off(name, listener);
  };
  const stop = (): void => {
    isDone = true;
    leave();
  };
  return { settle, leave, stop };
}
