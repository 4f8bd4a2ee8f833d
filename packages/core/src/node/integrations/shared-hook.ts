import { type CaptureTarget, currentClient } from "../../context/current.js";
import { isUnobserved } from "../../process/hook-guard.js";

/** A hook into something that a process has once, such as its console. */
interface SharedHook {
  /** What each client that wants it does with what the hook sees. */
  readonly listeners: Map<CaptureTarget, unknown>;
  readonly remove: () => void;
}

/**
 * All hooks of the process: an application may have many clients, and several copies of Corvid, and still each step
 * is seen once, by the client it belongs to.
 */
const KEY = Symbol.for("@corvid/core.hooks");

function sharedHooks(): Map<string, SharedHook> {
  const holder = globalThis as { [key: symbol]: Map<string, SharedHook> | undefined };
  holder[KEY] ??= new Map();
  return holder[KEY];
}

/**
 * Takes part in a hook; the first to come installs it, the last to leave removes it.
 *
 * @param install - gets a function that tells who listens here and now: the current client's listener; `undefined` when
 * it has none, or while a hook of the application runs for Corvid. Returns what undoes the hook
 * @returns leaves again
 */
export function joinHook<Listener>(
  name: string,
  client: CaptureTarget,
  listener: Listener,
  install: (listening: () => Listener | undefined) => () => void,
): () => void {
  const hooks = sharedHooks();
  let hook = hooks.get(name);
  if (hook === undefined) {
    const listeners = new Map<CaptureTarget, unknown>();
    const remove = install(() => {
      const current = isUnobserved() ? undefined : currentClient();
      return current === undefined ? undefined : (listeners.get(current) as Listener | undefined);
    });
    hook = { listeners, remove };
    hooks.set(name, hook);
  }
  const { listeners, remove } = hook;
  listeners.set(client, listener);
  return () => {
    if (!listeners.delete(client) || listeners.size > 0) return;
    hooks.delete(name);
    remove();
  };
}
