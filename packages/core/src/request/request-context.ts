import {
  type CaptureTarget,
  type Context,
  currentContext,
  runInContext,
  type ServedRequest,
  scopeOfClient,
} from "../context/current.js";
import type { RequestSource, Scope, ScopeData } from "../context/scope.js";
import { read, readText } from "../model/safe-read.js";
import { decideFailures, type FailureRule, reportUnseen, type WaitingFailure } from "./answer.js";
import { type RequestLike, requestSource } from "./request.js";

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
  listenerCount(name: string | symbol): number;
}

/**
 * The context of one request, remembered for as long as the request lives. Its scope is made when something first
 * writes to it or captures in it, which most requests never do.
 */
export class RequestContext implements Context, ServedRequest {
  client: CaptureTarget | undefined;
  hasFailed: boolean;
  /** Node's response, where it is known. */
  response: object | undefined;
  /** With which status the response was finished. */
  status: number | undefined;
  /** The status of the answer of another server that was piped into this one. */
  upstreamStatus: unknown;
  /** The last thing thrown that was no object. */
  thrown: { readonly value: unknown; readonly id: string } | undefined;
  /** Node's request, or the stream of HTTP/2. */
  readonly node: object;
  readonly #view: RequestLike;
  #options: RequestScopeOptions | undefined;
  #rule: FailureRule;
  #waiting: WaitingFailure[] | undefined;
  #outer: Scope;
  #atBegin: ScopeData;
  #scope: Scope | undefined;
  #isOver = false;

  constructor(request: object, view: RequestLike) {
    this.client = undefined;
    this.hasFailed = false;
    this.response = undefined;
    this.status = undefined;
    this.upstreamStatus = undefined;
    this.thrown = undefined;
    this.node = request;
    this.#view = view;
    this.#options = undefined;
    this.#rule = NO_RULE;
    this.#waiting = undefined;
    this.#outer = scopeOfClient(undefined);
    this.#atBegin = this.#outer.snapshot();
    this.#scope = undefined;
  }

  get request(): Scope {
    if (this.#scope !== undefined) return this.#scope;
    const scope = this.#outer.requestOverlay(this.#atBegin);
    scope.setRequest((policy) => this.#options?.source(policy) ?? requestSource(this.#view)(policy));
    scope.continueTrace(() => read(this.#view, "headers"));
    if (this.#isOver) scope.end();
    this.#scope = scope;
    return scope;
  }

  get server(): ServedRequest {
    return this;
  }

  /** The method, as far as it is known. */
  get method(): string | undefined {
    return readText(this.#view, "method");
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

  /** Runs listeners on request and response in this context, and notices when the response is finished. */
  watch(response: object | undefined): void {
    if (response === undefined || this.response !== undefined) return;
    this.response = response;
    if (response !== this.node) bindEmit(this.node, this);
    bindEmit(response, this, (name, argument) => {
      if (name === "finish") this.#finish(statusOf(response));
      else if (name === "pipe") this.upstreamStatus = read(argument, "statusCode");
      else if (name === "close") {
        this.#decide();
        this.end();
      }
    });
  }

  /** Keeps a failure until the response is finished; of those that carry a 4xx, the last. */
  wait(failure: WaitingFailure): void {
    const waiting = this.#waiting ?? [];
    const replaced = failure.isAnswer ? waiting.filter(({ isAnswer }) => isAnswer) : [];
    for (const { held } of replaced) held.discard();
    this.#waiting = [...waiting.filter((one) => !replaced.includes(one)), failure];
  }

  #finish(status: number | undefined): void {
    if (status === undefined || this.status !== undefined) return;
    this.status = status;
    this.#decide();
    if (status >= 500) reportUnseen(this, status, this.#rule);
  }

  #decide(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) decideFailures(waiting, this.status);
  }

  get isAdopted(): boolean {
    return this.#options !== undefined;
  }

  /** The first framework that sees the request describes it, and says which client reports for it. */
  adopt(options: RequestScopeOptions, rule: FailureRule): void {
    this.#options = options;
    this.#rule = rule;
    const here = currentContext();
    this.client = chosenClient(options) ?? this.client ?? (here === this ? undefined : here.client);
    if (this.#scope !== undefined || this.client === undefined) return;
    this.#outer = this.client.scope;
    this.#atBegin = this.#outer.snapshot();
  }
}

const NO_RULE: FailureRule = {};

function statusOf(response: object): number | undefined {
  const status = read(response, "statusCode") ?? read(read(response, "sentHeaders"), ":status");
  return typeof status === "number" ? status : undefined;
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
export function openRequest(request: object, view: RequestLike = request): RequestContext {
  const known = new RequestContext(request, view);
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
  emitter: object,
  context: RequestContext,
  after?: (name: string | symbol, argument: unknown) => void,
): void {
  const emit = read(emitter, "emit") as Emitter["emit"] | undefined;
  if (typeof emit !== "function") return;
  const value = function boundEmit(this: Emitter, ...args: [string | symbol, ...unknown[]]): boolean {
    const name = args[0];
    // Most events of a healthy request have no listener. An error without one is thrown, and belongs to the request.
    const isHeard = name === "error" || this.listenerCount(name) > 0;
    try {
      return isHeard && !context.isCurrent
        ? runInContext(context, () => Reflect.apply(emit, this, args))
        : Reflect.apply(emit, this, args);
    } finally {
      if (after !== undefined) after(name, args[1]);
    }
  };
  Reflect.defineProperty(emitter, "emit", { value, configurable: true, writable: true });
}
