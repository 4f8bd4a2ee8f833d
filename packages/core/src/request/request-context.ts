import {
  type CaptureTarget,
  type Context,
  currentContext,
  runInContext,
  scopeOfClient,
} from "../context/current.js";
import type { RequestSource, Scope, ScopeData } from "../context/scope.js";
import { read } from "../model/safe-read.js";
import { requestSource } from "./request.js";

/** How a framework's request becomes a scope. Made for every request, so it had better be a small object. */
export interface RequestScopeOptions {
  /** Describes the request, when an event needs it. */
  readonly source: RequestSource;
  /** Finds the client that reports for this request; asked once. Default, and when it fails: the current one. */
  chooseClient?(): CaptureTarget | undefined;
}

/** Anything that emits events: a request, a response, a socket, a stream. */
export interface Emitter {
  emit(name: string | symbol, ...args: unknown[]): boolean;
}

/**
 * The context of one request, remembered for as long as the request lives. Its scope is made when something first
 * writes to it or captures in it, which most requests never do.
 */
export class RequestContext implements Context {
  client: CaptureTarget | undefined;
  /** The last thing thrown that was no object. */
  thrown: { readonly value: unknown; readonly id: string } | undefined;
  readonly #request: object;
  #options: RequestScopeOptions | undefined;
  #outer: Scope;
  #atBegin: ScopeData;
  #scope: Scope | undefined;
  #isOver = false;

  constructor(request: object) {
    this.client = undefined;
    this.thrown = undefined;
    this.#request = request;
    this.#options = undefined;
    this.#outer = scopeOfClient(undefined);
    this.#atBegin = this.#outer.snapshot();
    this.#scope = undefined;
  }

  get request(): Scope {
    if (this.#scope !== undefined) return this.#scope;
    const scope = this.#outer.requestOverlay(this.#atBegin);
    scope.setRequest((policy) => this.#options?.source(policy) ?? requestSource(this.#request)(policy));
    scope.continueTrace(() => read(this.#request, "headers"));
    if (this.#isOver) scope.end();
    this.#scope = scope;
    return scope;
  }

  /** Whether the code that is running belongs to this request. */
  get isCurrent(): boolean {
    const here = currentContext();
    return here === this || (this.#scope !== undefined && here.request === this.#scope);
  }

  /** The request has ended: its scope keeps what it holds. */
  end(): void {
    this.#isOver = true;
    this.#scope?.end();
  }

  /** The first framework that sees the request describes it, and says which client reports for it. */
  adopt(options: RequestScopeOptions): void {
    if (this.#options !== undefined) return;
    this.#options = options;
    const here = currentContext();
    this.client = chosenClient(options) ?? this.client ?? (here === this ? undefined : here.client);
    if (this.#scope !== undefined || this.client === undefined) return;
    this.#outer = this.client.scope;
    this.#atBegin = this.#outer.snapshot();
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
 * Where a request keeps its context: `AsyncLocalStorage` loses its way in some parsers and pools. It stands on the
 * request itself, out of sight, because both then go together; a WeakMap whose values lead back to their keys would keep
 * every request until the next full garbage collection. The same for all copies of Corvid.
 */
const KNOWN: unique symbol = Symbol.for("@corvid/core.request");

/** The context of a request that has one. A request of HTTP/2 may be known by its stream. */
export function knownRequest(request: object): RequestContext | undefined {
  try {
    const { [KNOWN]: known, stream } = request as {
      readonly [KNOWN]?: RequestContext;
      readonly stream?: { readonly [KNOWN]?: RequestContext } | null;
    };
    return known ?? stream?.[KNOWN];
  } catch {
    return undefined;
  }
}

/** Gives a request its context. One that takes no property is found by `AsyncLocalStorage` alone. */
export function openRequest(request: object): RequestContext {
  const known = new RequestContext(request);
  try {
    Reflect.defineProperty(request, KNOWN, { value: known, configurable: true });
  } catch {
    // A proxy that refuses it.
  }
  return known;
}

/**
 * Makes an emitter call its listeners in a request's context: parsers and sockets emit in the context of a connection,
 * which many requests share.
 *
 * @param after - called with the name and first argument of each event, when its listeners have run
 */
export function bindEmit(
  emitter: Emitter,
  context: RequestContext,
  after?: (name: string | symbol, argument: unknown) => void,
): void {
  const { emit } = emitter;
  if (typeof emit !== "function") return;
  const value = function boundEmit(this: Emitter, ...args: [string | symbol, ...unknown[]]): boolean {
    try {
      return context.isCurrent
        ? Reflect.apply(emit, this, args)
        : runInContext(context, () => Reflect.apply(emit, this, args));
    } finally {
      after?.(args[0], args[1]);
    }
  };
  Reflect.defineProperty(emitter, "emit", { value, configurable: true, writable: true });
}
