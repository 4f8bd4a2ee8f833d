import type { CaptureHint } from "../capture/hint.js";
import {
  type CaptureTarget,
  type Context,
  currentContext,
  listeningClient,
  runInContext,
  scopeOfClient,
} from "../context/current.js";
import type { RequestSource, Scope, ScopeData } from "../context/scope.js";
import { isObject, read } from "../model/safe-read.js";

/** How a framework's request becomes a scope. Made for every request, so it had better be a small object. */
export interface RequestScopeOptions {
  /** Describes the request, when an event needs it. */
  readonly source: RequestSource;
  /** Finds the client that reports for this request; asked once. Default, and when it fails: the current one. */
  chooseClient?(): CaptureTarget | undefined;
}

/**
 * Runs `fn` in the scope of a request. The first call opens it; later ones, by a nested application or after something
 * lost the asynchronous context, lead back into the same one, so that one request is one scope.
 *
 * @param request - the server's own request object: every layer of an application sees the same one
 * @returns what `fn` returns
 */
export function withScopeOf<T>(request: object, options: RequestScopeOptions, fn: () => T): T {
  const known = knownRequest(request);
  if (known === undefined) return runInContext(beginRequest(request, options), fn);
  const here = currentContext();
  return here === known || here.request === known.request ? fn() : runInContext(known, fn);
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

function chosenClient(options: RequestScopeOptions): CaptureTarget | undefined {
  try {
    return options.chooseClient?.() ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is remembered of a request, for as long as it lives: its context. The scope is made when somebody first writes to
 * it or captures in it, which in most requests nobody does.
 */
class KnownRequest implements Context {
  readonly client: CaptureTarget | undefined;
  /** The last thing thrown that was no object. */
  thrown: { readonly value: unknown; readonly id: string } | undefined;
  readonly #request: object;
  readonly #options: RequestScopeOptions;
  readonly #outer: Scope;
  readonly #atBegin: ScopeData;
  #scope: Scope | undefined;

  constructor(request: object, options: RequestScopeOptions, client: CaptureTarget | undefined) {
    this.client = client;
    this.thrown = undefined;
    this.#request = request;
    this.#options = options;
    this.#outer = scopeOfClient(client);
    this.#atBegin = this.#outer.snapshot();
  }

  get request(): Scope {
    this.#scope ??= this.#outer
      .requestOverlay(this.#atBegin)
      .setRequest((policy) => this.#options.source(policy))
      .continueTrace(() => read(this.#request, "headers"));
    return this.#scope;
  }
}

function beginRequest(request: object, options: RequestScopeOptions): KnownRequest {
  const known = new KnownRequest(request, options, chosenClient(options) ?? currentContext().client);
  remember(request, known);
  return known;
}

/**
 * Where a request keeps its scope: `AsyncLocalStorage` loses its way in some parsers and pools. It stands on the request
 * itself, out of sight, because both then go together; a WeakMap whose values lead back to their keys would keep every
 * request until the next full garbage collection. The same for all copies of Corvid.
 */
const KNOWN: unique symbol = Symbol.for("@corvid/core.request");

function knownRequest(request: object): KnownRequest | undefined {
  try {
    return (request as { readonly [KNOWN]?: KnownRequest })[KNOWN];
  } catch {
    return undefined;
  }
}

/** A request that takes no property is found by `AsyncLocalStorage` alone. */
function remember(request: object, known: KnownRequest): void {
  try {
    Reflect.defineProperty(request, KNOWN, { value: known, configurable: true });
  } catch {
    // A proxy that does not want it.
  }
}
