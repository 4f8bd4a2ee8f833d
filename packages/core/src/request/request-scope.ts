import type { CaptureHint } from "../capture/hint.js";
import { isObject, read } from "../capture/safe-read.js";
import {
  type CaptureTarget,
  type Context,
  currentContext,
  listeningClient,
  runInContext,
  withRequestScope,
} from "../current.js";
import type { RequestSource, Scope } from "../scope.js";

/** How a framework's request becomes a scope. */
export interface RequestScopeOptions {
  readonly source: RequestSource;
  /** Finds the client that reports for this request; asked once. Default, and when it fails: the current one. */
  readonly chooseClient?: () => CaptureTarget | undefined;
}

/**
 * Runs `fn` in the scope of a request. The first call opens it; later ones, by a nested application or after something
 * lost the asynchronous context, lead back into the same one, so that one request is one scope.
 *
 * @param request - the server's own request object: every layer of an application sees the same one
 * @returns what `fn` returns
 */
export function withScopeOf<T>(request: object, options: RequestScopeOptions, fn: () => T): T {
  const known = knownRequest(request)?.context;
  if (known !== undefined) return currentContext().request === known.request ? fn() : runInContext(known, fn);
  const client = chosenClient(options) ?? currentContext().client;
  return withRequestScope(
    (scope) => {
      scope.setRequest(options.source).continueTrace(() => read(request, "headers"));
      remember(request, { context: { client, request: scope } });
      return fn();
    },
    client === undefined ? {} : { client },
  );
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
    known.context.request.lastEventId = id;
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

/**
 * Whether an error is one of the server: anything but an error that carries a client's status (`status` or
 * `statusCode` from 400 to 499), which is an answer.
 */
export function isServerFailure(error: unknown): boolean {
  try {
    const { status, statusCode } = error as { status?: unknown; statusCode?: unknown };
    const said = typeof status === "number" ? status : statusCode;
    return !(typeof said === "number" && said >= 400 && said < 500);
  } catch {
    return true;
  }
}

function chosenClient({ chooseClient }: RequestScopeOptions): CaptureTarget | undefined {
  try {
    return chooseClient?.() ?? undefined;
  } catch {
    return undefined;
  }
}

/** What is remembered of a request, for as long as it lives. */
interface KnownRequest {
  readonly context: Context & { readonly request: Scope };
  /** The last thing thrown that was no object. */
  thrown?: { readonly value: unknown; readonly id: string };
}

/**
 * Where a request keeps its scope: `AsyncLocalStorage` loses its way in some parsers and pools. It stands on the request
 * itself, out of sight, because both then go together; a WeakMap whose values lead back to their keys would keep every
 * request until the next full garbage collection. The same for all copies of Corvid.
 */
const KNOWN = Symbol.for("@corvid/core.request");

function knownRequest(request: object): KnownRequest | undefined {
  return read(request, KNOWN) as KnownRequest | undefined;
}

/** A request that takes no property is found by `AsyncLocalStorage` alone. */
function remember(request: object, known: KnownRequest): void {
  try {
    Reflect.defineProperty(request, KNOWN, { value: known, configurable: true });
  } catch {
    // A proxy that does not want it.
  }
}
