import type { CaptureHint } from "../capture/hint.js";
import { listeningClient, runInContext } from "../context/current.js";
import { isObject } from "../model/safe-read.js";
import { knownRequest, openRequest, type RequestScopeOptions } from "./request-context.js";

/**
 * Runs `fn` in the scope of a request. The first call opens it; later ones, by a nested application or after something
 * lost the asynchronous context, lead back into the same one, so that one request is one scope.
 *
 * @param request - the server's own request object: every layer of an application sees the same one
 * @returns what `fn` returns
 */
export function withScopeOf<T>(request: object, options: RequestScopeOptions, fn: () => T): T {
  const known = knownRequest(request) ?? openRequest(request);
  known.adopt(options);
  return known.isCurrent ? fn() : runInContext(known, fn);
}

/**
 * Reports a failure of a request, in its scope wherever it is called; without a scope so far, in a new one. A thrown
 * text or number that passes several handlers of a request is one failure, as an error object is anyway.
 *
 * @returns the event's id; `undefined` when there is no client
 */
export function captureFrom(
  request: object,
  options: RequestScopeOptions,
  error: unknown,
  hint: CaptureHint,
): string | undefined {
  return withScopeOf(request, options, () => {
    const known = knownRequest(request);
    const { thrown } = known ?? {};
    if (thrown !== undefined && Object.is(thrown.value, error)) return thrown.id;
    const id = listeningClient()?.captureException(error, hint);
    if (id === undefined || known === undefined) return id;
    known.request.lastEventId = id;
    if (!isObject(error)) known.thrown = { value: error, id };
    return id;
  });
}

/** Whether an error is worth an event, by the application's rule; one that fails to answer means yes. */
export function isWanted(error: unknown, shouldReport: (error: unknown) => boolean): boolean {
  try {
    return shouldReport(error);
  } catch {
    return true;
  }
}
