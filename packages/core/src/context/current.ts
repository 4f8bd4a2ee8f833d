import type { CaptureHint } from "../capture/hint.js";
import type { EventInput, Level } from "../model/event.js";
import { needStack } from "../model/stack-room.js";
import { Scope } from "./scope.js";

/** What reports: the part of a client that every copy of Corvid in a process can rely on. */
export interface CaptureTarget {
  readonly scope: Scope;
  /** Whether captures go anywhere at all. */
  readonly enabled: boolean;
  /** Reports a failure. @returns the id of its event */
  captureException(error: unknown, hint?: CaptureHint): string;
  /** Reports a message. @returns the id of the event */
  captureMessage(message: string, hint?: Level | CaptureHint): string;
  /** Reports an event that was made elsewhere. @returns the id of the event */
  captureEvent(event: EventInput, hint?: CaptureHint): string;
  /**
   * Reads a failure now, to report it later or never: for framework packages, which decide by the answer to a request.
   *
   * @param isAnswer - the error carries a 4xx: only the caller or the end of the process sends it. Others leave after
   * `once.mergeMs` at the latest
   */
  holdException(error: unknown, hint: CaptureHint, isAnswer: boolean): HeldException | undefined;
  /**
   * Reports that the current request was answered with a 5xx and no error of it was seen, as its option says.
   *
   * @param method - names the request where no route does
   * @param advice - what to do about it, for people
   */
  reportUnseen(method: string, status: number, advice: string, unseen5xx?: Unseen5xx): void;
  /** Sends all that waits. @returns `true` when nothing is left behind */
  flush(timeoutMs?: number): Promise<boolean>;
  /** Sends all that waits, then ends reporting. @returns `true` when nothing is left behind */
  close(timeoutMs?: number): Promise<boolean>;
}

/** What becomes of a 500, 502 or 504 of which no error was seen: an event, a line on stderr, or nothing. */
export type Unseen5xx = "event" | "warn" | false;

/** A failure that was read, and is reported when it is known how its request was answered. */
export interface HeldException {
  /** The id that its event will have. */
  readonly id: string;
  /** Reports it, unless that was done. @returns the id of the event */
  send(): string;
  /** It was none. */
  discard(): void;
}

/** A request to a server of this process. */
export interface ServedRequest {
  /** Whether a failure was captured in it, in full or not. */
  hasFailed: boolean;
}

/** What belongs to the work at hand; follows it through promises, timers and callbacks. */
export interface Context {
  /** The client of this request, where it is not the process's own. */
  readonly client?: CaptureTarget;
  /** The scope of the request, job or run. */
  readonly request?: Scope;
  /** The innermost `withScope`. */
  readonly local?: Scope;
  /** The request to a server that this work belongs to; scopes and jobs opened in it do, too. */
  readonly server?: ServedRequest;
}

/** Carries a context along asynchronous work: `AsyncLocalStorage`, or anything with these three methods. */
export interface ContextStorage {
  getStore(): Context | undefined;
  run<T>(context: Context, fn: () => T): T;
  enterWith(context: Context): void;
}

/**
 * What all copies of Corvid in a process share: an application may load it as ES module and as CommonJS, bundled and
 * not, and still has one current client and one memory of what was seen.
 */
interface Carrier {
  client: CaptureTarget | undefined;
  readonly processScope: Scope;
  storage: ContextStorage | undefined;
}

const CARRIER = Symbol.for("@corvid/core");

/** This copy's way to it: a property of `globalThis` takes longer to find, and every request and capture asks. */
let found: Carrier | undefined;

function carrier(): Carrier {
  found ??= findCarrier();
  return found;
}

function findCarrier(): Carrier {
  const holder = globalThis as { [key: symbol]: Carrier | undefined };
  holder[CARRIER] ??= { client: undefined, processScope: new Scope(), storage: undefined };
  return holder[CARRIER];
}

/** Gives the process its context storage; the first one stays. */
export function installContextStorage(create: () => ContextStorage): void {
  carrier().storage ??= create();
}

/** The context of the work at hand; empty outside of any. */
export function currentContext(): Context {
  return carrier().storage?.getStore() ?? NO_CONTEXT;
}

const NO_CONTEXT: Context = {};

/** The client of the request, else the process's. */
export function currentClient(): CaptureTarget | undefined {
  return currentContext().client ?? carrier().client;
}

let onMissing: (called: string) => void = () => undefined;

/** Sets what happens when something is captured while there is no client. `fn` must not throw. */
export function whenClientIsMissing(fn: (called: string) => void): void {
  onMissing = fn;
}

/** The client to capture with. @param called - name of the public function */
export function capturingClient(called: string): CaptureTarget | undefined {
  const client = currentClient();
  if (client === undefined) onMissing(called);
  return client;
}

/** The same, if it listens: with one that is switched off or has no destination there is nothing to do. */
export function listeningClient(): CaptureTarget | undefined {
  const client = currentClient();
  return client?.enabled ? client : undefined;
}

/** Makes a client the process's current one; `undefined` leaves it without. Returns the one before. */
export function setCurrentClient(client: CaptureTarget | undefined): CaptureTarget | undefined {
  const previous = carrier().client;
  carrier().client = client;
  return previous;
}

/** Leaves the process without a current client, if it is this one. */
export function unsetCurrentClient(client: CaptureTarget): void {
  if (carrier().client === client) carrier().client = undefined;
}

/** The scope of the process itself. */
export function processScope(): Scope {
  return carrier().processScope;
}

function clientScope(): Scope {
  return currentClient()?.scope ?? processScope();
}

/** The scope that the top-level setters write: the request's; outside of one, the client's or the process's. */
export function requestScope(): Scope {
  return currentContext().request ?? clientScope();
}

/** The innermost scope: that of the surrounding `withScope`, else the request's, else the process's. */
export function getScope(): Scope {
  try {
    return currentContext().local ?? requestScope();
  } catch {
    return NOWHERE;
  }
}

/** Stands in for a scope where the stack has no room left to find one: nothing reads it. */
const NOWHERE: Scope = new Scope();

/**
 * Runs `fn` with a scope of its own, which sees all that the outer ones hold and is gone afterwards. Nested calls
 * start with what the outer `withScope` holds.
 *
 * @returns what `fn` returns; asynchronous work that `fn` starts keeps the scope
 */
export function withScope<T>(fn: (scope: Scope) => T): T {
  let context: Context & { readonly local: Scope };
  try {
    needStack();
    const { client, request, local: outer, server } = openContext(currentContext());
    const local = outer?.fork() ?? (request ?? clientScope()).overlay();
    context = { client, request, local, server };
  } catch {
    return fn(NOWHERE);
  }
  return run(context, () => fn(context.local));
}

/**
 * Runs `fn` as one request, job or run: with a scope that no other one sees, and, for multi-tenant applications, a
 * client of its own. The breadcrumbs of the process so far are part of it.
 *
 * @returns what `fn` returns; asynchronous work that `fn` starts keeps the scope
 */
export function withRequestScope<T>(
  fn: (scope: Scope) => T,
  options: { readonly client?: CaptureTarget } = {},
): T {
  let context: Context & { readonly request: Scope };
  try {
    needStack();
    const { client: outer, server } = currentContext();
    const client = options.client ?? outer;
    context = { client, request: scopeOfClient(client).requestOverlay(), server };
  } catch {
    return fn(NOWHERE);
  }
  return run(context, () => fn(context.request));
}

/** What a request of this client begins with: the client's own scope, else that of the current one or the process. */
export function scopeOfClient(client: CaptureTarget | undefined): Scope {
  return client?.scope ?? clientScope();
}

/** Runs `fn` in a context that was kept: for frameworks whose callbacks lose it. */
export function runInContext<T>(context: Context, fn: () => T): T {
  return run(context, fn);
}

/** Makes a context that of the running callback and of everything it starts. */
export function enterContext(context: Context): void {
  carrier().storage?.enterWith(context);
}

/** The same context; when its request has ended, one in which setters work again. */
export function openContext(context: Context): Context {
  const { client, request, local, server } = context;
  return request?.isEnded ? { client, request: request.reopen(), local, server } : context;
}

function run<T>(context: Context, fn: () => T): T {
  const { storage } = carrier();
  return storage === undefined ? fn() : storage.run(context, fn);
}
