import { isMainThread } from "node:worker_threads";
import { nodeFlags } from "./node-flags.js";
import { RunBeats, type RunBeatsOptions } from "./run-beats.js";
import { isStartedForDebugging } from "./run-process.js";
import { hearSignals } from "./run-signals.js";

/** A run that is watched. */
export interface RunWatch {
  /** The client ends: whatever becomes of the process, there is nothing to tell of it any more. Does not throw. */
  stop(): void;
}

/**
 * Writes down how the process is, so that the next one can tell what became of it. The file is gone after any end that
 * Node itself brings about, a crash too, which is captured by other means: what leaves it behind is a death that
 * nobody could report.
 *
 * Nothing is watched in a worker thread, which has no death of its own, nor under a debugger, where people press stop.
 */
export function startRunWatch(options: RunBeatsOptions): RunWatch {
  if (!isMainThread || isStartedForDebugging(nodeFlags(), process.env)) return { stop: () => undefined };
  const beats = new RunBeats(options);
  if (watched.size === 0) hook();
  watched.add(beats);
  beats.start();
  return { stop: () => end(beats) };
}

/** Those of several clients share their listeners. */
const watched = new Set<RunBeats>();
let stopHearing = (): void => undefined;

function hook(): void {
  stopHearing = hearSignals((name) => {
    for (const beats of watched) beats.note(name);
  });
  // The first of the listeners: one that throws keeps the later ones from being called.
  process.prependListener("exit", onExit);
}

function onExit(): void {
  for (const beats of watched) end(beats);
}

function end(beats: RunBeats): void {
  beats.stop();
  if (!watched.delete(beats) || watched.size > 0) return;
  stopHearing();
  process.off("exit", onExit);
}
