import { headlineOf } from "./groups.js";
import type { Problem, ReceivedEvent, Store } from "./store.js";
import type { Traffic } from "./traffic.js";

/** What to wait for: a number of events in all, or a condition on all of them. */
export type Awaited = number | ((events: readonly ReceivedEvent[]) => boolean);

/**
 * Waits until enough events have arrived.
 *
 * @throws {Error} when `timeoutMs` is over or the server closes, telling what did arrive
 */
export function waitForEvents(
  awaited: Awaited,
  timeoutMs: number,
  seen: { store: Store; traffic: Traffic; closing: AbortSignal },
): Promise<readonly ReceivedEvent[]> {
  const { store, traffic, closing } = seen;
  const enough =
    typeof awaited === "number" ? (events: readonly unknown[]) => events.length >= awaited : awaited;
  return new Promise((resolve, reject) => {
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      closing.removeEventListener("abort", onClosing);
      unsubscribe();
      action();
    };
    const fail = (why: string): void => {
      const wanted = typeof awaited === "number" ? `${awaited} events` : "the events waited for";
      settle(() => reject(new Error(`${wanted} did not arrive ${why}; ${describe(store, traffic)}`)));
    };
    const look = (): void => {
      const events = store.events();
      try {
        if (enough(events)) settle(() => resolve(events));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onClosing = (): void => fail("before the server was closed");
    const timer = setTimeout(() => fail(`within ${timeoutMs} ms`), timeoutMs);
    const unsubscribe = store.onEvent(look);
    closing.addEventListener("abort", onClosing);
    if (closing.aborted) onClosing();
    else look();
  });
}

const SHOWN = 10;

function describe(store: Store, traffic: Traffic): string {
  const parts = [
    list("events", store.events().map(titleOf)),
    list(
      "requests",
      traffic.requests().map(({ method, path, status }) => `${method} ${path} ${status ?? "(no answer)"}`),
    ),
    list(
      "problems",
      store.problems().map(({ kind, detail }: Problem) => `${kind}: ${detail}`),
    ),
  ];
  return `arrived: ${parts.join("; ")}`;
}

function list(name: string, lines: readonly string[]): string {
  if (lines.length === 0) return `no ${name}`;
  const more = lines.length > SHOWN ? `, and ${lines.length - SHOWN} before` : "";
  return `${lines.length} ${name} (${lines.slice(-SHOWN).join(", ")}${more})`;
}

/** An event in a few words: `TypeError: x is not a function`. */
function titleOf({ event }: ReceivedEvent): string {
  const { type, value } = headlineOf(event);
  return `${type}: ${value}`.split("\n", 1)[0]!.slice(0, 200);
}
