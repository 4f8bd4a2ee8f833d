import type { CaptureHint } from "../capture/hint.js";
import { type CaptureTarget, runInContext, type Unseen5xx } from "../context/current.js";
import type { RequestPolicy, RequestSource } from "../context/scope.js";
import { messageText } from "../model/messages.js";
import { type Check, demand, expecting, shape } from "../model/option-checks.js";
import { isObject, read } from "../model/safe-read.js";
import { type FailureRule, reportFailure } from "./answer.js";
import { type RequestLike, requestSource } from "./request.js";
import {
  knownRequest,
  openRequest,
  type RequestContext,
  type RequestScopeOptions,
} from "./request-context.js";

/** What a framework's package knows of its requests. `Source` is what the framework hands to a middleware. */
export interface RequestKind<Source> {
  /** The function of the package, as it is written: `requestHandler()`. */
  readonly name: string;
  /** Node's request: every layer of an application sees the same one. */
  request(source: Source): object;
  /** Node's response; `undefined` where there is none, and failures are then decided by the error alone. */
  response?(source: Source): object | undefined;
  /** The request as the framework shows it. Default: Node's. */
  describe?(source: Source): RequestLike;
  /** The route's pattern with the method: `GET /orders/:id`; `undefined` while no route has matched. */
  transaction?(source: Source): string | undefined;
  /** What to move when the application answered a 5xx of which no error was seen. */
  readonly advice?: string;
}

/** The options that all framework packages have. */
export interface RequestOptions<Incoming> {
  /**
   * The client that reports for a request, in applications that report for several parties: one, or a function that
   * finds it. Default: the current client.
   */
  readonly client?: CaptureTarget | ((incoming: Incoming) => CaptureTarget | undefined);
  /** Which errors are worth an event, whatever the answer is. Default: decided when the response is finished. */
  readonly shouldReport?: (error: unknown) => boolean;
  /** As the client option, for the requests of this handler. */
  readonly unseen5xx?: Unseen5xx;
}

/** All that a framework's package needs for its requests. */
export interface RequestBinding<Source> {
  /**
   * Runs `fn` in the scope of a request, which is one for each request, however many layers ask for it.
   *
   * @returns what `fn` returns
   */
  run<T>(source: Source, fn: () => T): T;
  /**
   * Reports a failure of a request, once, in its scope: when the response is finished, unless that shows that it was
   * meant as an answer, or the client has only gone. Never throws.
   *
   * @returns the id of the event; `undefined` when there is none
   */
  report(source: Source, error: unknown, hint: CaptureHint): string | undefined;
}

const CHECKS: Readonly<Record<string, Check>> = {
  client: expecting(
    "a client, or a function that finds one",
    (value) => typeof value === "function" || typeof read(value, "captureException") === "function",
  ),
  shouldReport: expecting("a function", (value) => typeof value === "function"),
  unseen5xx: expecting(
    '"event", "warn" or false',
    (value) => value === "event" || value === "warn" || value === false,
  ),
};

/**
 * Binds a framework's requests to their scopes and to the client that reports for them.
 *
 * @param accepted - the names of the options that the function takes. Default: all
 * @throws {OptionsError} for an option that is unknown or cannot be used
 * @throws {TypeError} when the function was handed to the framework without being called
 */
export function requestBinding<Source extends object, Incoming = Source>(
  kind: RequestKind<Source>,
  options: RequestOptions<Incoming> = {},
  accepted: readonly (keyof RequestOptions<Incoming>)[] = ["client", "shouldReport", "unseen5xx"],
): RequestBinding<Source> {
  checkHandlerOptions(kind.name, options, Object.fromEntries(accepted.map((name) => [name, CHECKS[name]!])));
  const { client, shouldReport, unseen5xx } = options;
  const rule: FailureRule = { shouldReport, unseen5xx, advice: kind.advice };
  const open = (source: Source): RequestContext => {
    const request = kind.request(source);
    const known = knownRequest(request) ?? openRequest(request);
    known.watch(responseOf(kind, source));
    if (!known.isAdopted)
      known.adopt(new BoundSource(source, kind, client as RequestOptions<Source>["client"]), rule);
    return known;
  };

  return {
    run(source, fn) {
      const known = open(source);
      return known.isCurrent ? fn() : runInContext(known, fn);
    },
    report(source, error, hint) {
      try {
        const known = open(source);
        const report = (): string | undefined => reportFailure(known, error, hint, rule);
        return known.isCurrent ? report() : runInContext(known, report);
      } catch {
        // A hostile request or error costs its report at most.
        return undefined;
      }
    },
  };
}

/** A request that hides its response is decided on without it. */
function responseOf<Source>(kind: RequestKind<Source>, source: Source): object | undefined {
  try {
    return kind.response?.(source);
  } catch {
    return undefined;
  }
}

/**
 * Refuses options of a handler that it does not have, and a handler that stands where its result belongs.
 *
 * @param name - the function, as it is written: `requestHandler()`
 */
export function checkHandlerOptions(
  name: string,
  options: unknown,
  checks: Readonly<Record<string, Check>>,
): void {
  if (isRequest(options) || isRequest(read(options, "req"))) throw handlerNotCalled(name);
  demand(name, options, shape(checks));
}

/**
 * The error for a function that stands where what it returns belongs: `app.use(requestHandler)`.
 *
 * @param name - the function, as it is written: `requestHandler()`
 */
export function handlerNotCalled(name: string): TypeError {
  return new TypeError(messageText("handler-not-called", name));
}

function isRequest(value: unknown): boolean {
  return isObject(value) && typeof read(value, "url") === "string" && isObject(read(value, "headers"));
}

/** One request as its framework shows it. Nothing is read before an event needs it. */
class BoundSource<Source> implements RequestScopeOptions {
  readonly #source: Source;
  readonly #kind: RequestKind<Source>;
  readonly #client: RequestOptions<Source>["client"];

  constructor(source: Source, kind: RequestKind<Source>, client: RequestOptions<Source>["client"]) {
    this.#source = source;
    this.#kind = kind;
    this.#client = client;
  }

  source(policy: RequestPolicy): ReturnType<RequestSource> {
    const source = this.#source;
    const kind = this.#kind;
    const described = kind.describe?.(source) ?? (kind.request(source) as RequestLike);
    return requestSource(described, { transaction: () => kind.transaction?.(source) })(policy);
  }

  chooseClient(): CaptureTarget | undefined {
    const client = this.#client;
    return typeof client === "function" ? client(this.#source) : client;
  }
}
