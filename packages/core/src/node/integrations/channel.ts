import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** What listens on a diagnostics channel; the messages' shapes are what Node and undici document, all of it optional. */
export type ChannelListeners = Readonly<Record<string, (message: never) => void>>;

/**
 * Listens on diagnostics channels by name. A listener that fails does so quietly: what it throws would end the process.
 *
 * @returns stops listening
 */
export function listenOn(listeners: ChannelListeners): () => void {
  const guarded = Object.entries(listeners).map(([name, listener]) => {
    const guard = (message: unknown): void => {
      try {
        listener(message as never);
      } catch {
        // One breadcrumb less.
      }
    };
    return { name, guard };
  });
  for (const { name, guard } of guarded) subscribe(name, guard);
  return () => {
    for (const { name, guard } of guarded) unsubscribe(name, guard);
  };
}
