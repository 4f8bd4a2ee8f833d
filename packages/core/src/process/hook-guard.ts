/**
 * Tells whether one of the application's own functions is running on Corvid's behalf: a processor, `beforeSend`,
 * `beforeBreadcrumb`. What such a function logs must not be reported, or one event would lead to the next for ever.
 *
 * Shared by all copies of Corvid in a process: the log bridge may use another one than the client.
 */
interface HookDepth {
  depth: number;
}

const KEY = Symbol.for("@corvid/core/hooks");

function hooks(): HookDepth {
  const holder = globalThis as { [key: symbol]: HookDepth | undefined };
  holder[KEY] ??= { depth: 0 };
  return holder[KEY];
}

/** Runs `fn`, synchronously, with log bridges looking away. */
export function unobserved<T>(fn: () => T): T {
  const state = hooks();
  state.depth++;
  try {
    return fn();
  } finally {
    state.depth--;
  }
}

/** Whether log bridges look away at the moment. */
export function isUnobserved(): boolean {
  return hooks().depth > 0;
}

/** What a hook returned instead of an event or breadcrumb, for people; `undefined` when it is one. */
export function receivedInstead(returned: unknown): string | undefined {
  if (typeof returned !== "object" || returned === null)
    return returned === undefined ? "nothing" : `a ${typeof returned}`;
  if (Array.isArray(returned)) return "a list";
  if (typeof (returned as { then?: unknown }).then !== "function") return undefined;
  // Nobody else will look at this promise: its rejection must not end the process.
  (returned as Promise<unknown>).then(undefined, () => undefined);
  return "a promise";
}
