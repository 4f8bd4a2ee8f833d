import { currentContext, openContext, runInContext } from "./current.js";

/**
 * A function that runs `fn` in the scope in which it was bound, wherever it is called from: for callbacks of pools,
 * listeners on shared emitters, timers. Same `this`, arguments, result, name and length.
 *
 * Called after the bound request has ended, `fn` runs in a scope of its own that starts with what the request held.
 *
 * @typeParam F - the function's type, which stays; anything else is returned as it is
 */
export function bind<F extends (...args: never[]) => unknown>(fn: F): F {
  if (typeof fn !== "function") return fn;
  const context = openContext(currentContext());
  return new Proxy(fn, {
    apply: (target, self, args) =>
      runInContext(openContext(context), () => Reflect.apply(target, self, args)),
  });
}
