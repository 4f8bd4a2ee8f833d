import type { EventHint, TagValue } from "../capture/hint.js";
import { MAX_ATTACHMENT_BYTES } from "../context/attachments.js";
import type { RequestPolicy } from "../context/scope.js";
import { type Dsn, DsnError, parseDsn } from "../model/dsn.js";
import type { Breadcrumb, Event } from "../model/event.js";
import {
  arrayOf,
  type Check,
  demand,
  describe,
  either,
  expecting,
  flag,
  OptionsError,
  pattern,
  positive,
  shape,
  shortened,
  unknownName,
} from "../model/option-checks.js";
import { type ScrubOptions, scrubCheck } from "../process/scrub.js";
import { type Destination, type HttpDestination, isHttpDestination } from "../transport/destination.js";
import type { Transport } from "../transport/transport.js";
import type { Integration, Processor } from "./integration.js";
import type { Spool } from "./spool.js";

/** The bounds of values and events. */
export interface Limits {
  /** Levels of nesting that are kept. Default 6. */
  readonly depth?: number;
  /** Keys of an object, items of a list that are kept. Default 50. */
  readonly breadth?: number;
  /** Length of a text, in UTF-16 units. Default 8192. */
  readonly stringLength?: number;
  /** Size of a whole event as JSON, in bytes; a larger one is shrunk. Default 1 MiB. */
  readonly eventBytes?: number;
  /** Causes that are followed. Default 10. */
  readonly causes?: number;
}

/** How repeated failures are folded into counts. */
export interface OnceOptions {
  /** Events of one kind that are sent in full in each window. Default 5. */
  readonly full?: number;
  /** Length of a window, in milliseconds. Default 60 000. */
  readonly windowMs?: number;
  /** Kinds that are remembered. Default 1000. */
  readonly keys?: number;
  /** For how long an event waits for other sightings of the same failure, in milliseconds. Default 50. */
  readonly mergeMs?: number;
}

/** What `init` and `new Client` take. Everything is optional; with no DSN, Corvid is a working no-op. */
export interface ClientOptions {
  /** Where events go. Default `SENTRY_DSN`; `false` or an empty text: nowhere. */
  readonly dsn?: string | false | undefined;
  /** What is deployed. Default `SENTRY_RELEASE`, the platform's commit variables, `.git`, then `name@version` of package.json. */
  readonly release?: string | undefined;
  /** Default `SENTRY_ENVIRONMENT`, `NODE_ENV`, then `production`. */
  readonly environment?: string | undefined;
  /** Default: the host's name. */
  readonly serverName?: string | undefined;
  /** Build of the release. */
  readonly dist?: string | undefined;
  readonly tags?: Readonly<Record<string, TagValue>> | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** Share of captures that are kept, 0 to 1, decided before any cost. Default 1. */
  readonly sampleRate?: number | undefined;
  /** Failures to leave out, decided before any cost: part of `type: message`, an expression on it, or a class. */
  readonly ignoreErrors?: readonly (string | RegExp | ErrorClass)[] | undefined;
  /** Last say on every event; synchronous. `null` drops it. */
  readonly beforeSend?: ((event: Event, hint: EventHint) => Event | null) | undefined;
  /** Last say on every breadcrumb; synchronous. `null` drops it. */
  readonly beforeBreadcrumb?: ((crumb: Breadcrumb) => Breadcrumb | null) | undefined;
  /** Steps every event passes before `beforeSend`; synchronous. */
  readonly processors?: readonly Processor[] | undefined;
  /**
   * Added to the default ones; a function gets those and returns all that are wanted: without breadcrumbs of the
   * console, `(defaults) => defaults.filter(({ name }) => name !== "Console")`. Others are `Http`, `ChildProcess`,
   * `Process` and `Modules`.
   */
  readonly integrations?:
    | readonly Integration[]
    | ((defaults: readonly Integration[]) => readonly Integration[])
    | undefined;
  /** Where events go, one or several; each has its own queue and retries. Default: `httpTransport()`, HTTP to the DSN. */
  readonly transport?: Destination | readonly Destination[] | undefined;
  /** Default 100; 0 keeps none. */
  readonly maxBreadcrumbs?: number | undefined;
  /** Paths that count as the application's own: part of the path, or an expression. Wins over `inAppExclude`. */
  readonly inAppInclude?: readonly (string | RegExp)[] | undefined;
  /** Paths that do not. */
  readonly inAppExclude?: readonly (string | RegExp)[] | undefined;
  /** Source lines shown on either side of a frame's. Default 5; 0 shows none. */
  readonly contextLines?: number | undefined;
  /** Gives messages the stack of their call. Default false. */
  readonly attachStacktrace?: boolean | undefined;
  /** Sends the user's address and the request's body and cookies. Default false. */
  readonly sendDefaultPii?: boolean | undefined;
  /** Sends the request's body, where the framework has parsed it already. Default false. */
  readonly requestBody?: boolean | undefined;
  /** Default 10 000. */
  readonly maxRequestBodyBytes?: number | undefined;
  /** A larger file is left out, its event is not. At most 20 MiB, which is the default and holds for all files of an event together. */
  readonly maxAttachmentBytes?: number | undefined;
  /** Further keys and patterns whose values never leave. */
  readonly scrub?: ScrubOptions | undefined;
  readonly limits?: Limits | undefined;
  /** How repeats are folded; `false` sends each one. */
  readonly once?: OnceOptions | false | undefined;
  /** Events that may wait before repeats are only counted; with `once: false`, before any are dropped. Default 1000. */
  readonly queueSize?: number | undefined;
  /** Bytes that may wait before new kinds of failure are dropped. Default 16 MiB. */
  readonly queueBytes?: number | undefined;
  /**
   * Services that the trace of a request is passed on to, in `sentry-trace` and `baggage`: part of the URL, or an
   * expression. These headers name release, environment and public key. Default: none.
   */
  readonly traceTargets?: readonly (string | RegExp)[] | undefined;
  /**
   * Keeps captures beyond the process until they are delivered: `fileSpool()` from `@corvid/core/spool`. They survive
   * SIGKILL and a server that is down for hours. Default false.
   */
  readonly spool?: Spool | false | undefined;
  /**
   * Request bodies of more bytes are compressed with gzip, level 1; `Infinity`: none. Compressing costs the application
   * more than sending a small body does. Default 32 768.
   */
  readonly compressAboveBytes?: number | undefined;
  /** One deadline for a whole request, in milliseconds. Default 10 000. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long the end of the process may wait for what is undelivered, in milliseconds; 0: not at all. Default 2000. */
  readonly shutdownTimeoutMs?: number | undefined;
  /** Proxy for the DSN's server; `false`: none. Default: curl's environment variables. */
  readonly proxy?: string | false | undefined;
  /**
   * What a request to this process becomes that was answered with a 500, 502 or 504 although no error of it was seen: an
   * event, once per route and window, a line on stderr, or nothing. Default `"event"`.
   */
  readonly unseen5xx?: "event" | "warn" | false | undefined;
  /** Says on stderr what happens to each event. Default false. */
  readonly debug?: boolean | undefined;
}

/** What can be switched while the application runs. */
export interface Switches {
  /** `false`: captures do nothing. */
  readonly enabled?: boolean;
  /** 0 to 1. */
  readonly sampleRate?: number;
}

/** A class of errors. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/**
 * Options read and checked, with their defaults.
 *
 * @internal
 */
export interface ResolvedOptions
  extends Required<
    Pick<
      ClientOptions,
      | "sampleRate"
      | "ignoreErrors"
      | "processors"
      | "maxBreadcrumbs"
      | "inAppInclude"
      | "inAppExclude"
      | "contextLines"
      | "attachStacktrace"
      | "maxAttachmentBytes"
      | "traceTargets"
      | "queueSize"
      | "queueBytes"
      | "compressAboveBytes"
      | "requestTimeoutMs"
      | "shutdownTimeoutMs"
      | "unseen5xx"
      | "debug"
      | "tags"
      | "extra"
      | "scrub"
      | "environment"
    >
  > {
  readonly dsn?: Dsn;
  /** What is wrong with the DSN of the environment, if it is. */
  readonly dsnTrouble?: readonly [part: string, expected: string, received: string];
  readonly release?: string;
  readonly dist?: string;
  readonly serverName?: string;
  readonly beforeSend?: ClientOptions["beforeSend"];
  readonly beforeBreadcrumb?: ClientOptions["beforeBreadcrumb"];
  readonly integrations?: ClientOptions["integrations"];
  readonly destinations: readonly Destination[];
  readonly proxy?: string | false;
  readonly limits: Required<Limits>;
  readonly once: Required<OnceOptions> | false;
  readonly mergeMs: number;
  readonly spool: Spool | false;
  readonly request: RequestPolicy;
}

export { OptionsError };

const DEFAULT_ONCE: Required<OnceOptions> = { full: 5, windowMs: 60_000, keys: 1000, mergeMs: 50 };
const DEFAULT_LIMITS: Required<Limits> = {
  depth: 6,
  breadth: 50,
  stringLength: 8192,
  eventBytes: 1024 * 1024,
  causes: 10,
};

/**
 * Reads and checks options, once.
 *
 * @param env - the environment variables; what stands in code wins over them
 * @throws {OptionsError} naming the option, what was expected and what came
 * @throws {DsnError} for a DSN given in code; one of the environment only leaves `dsnTrouble`
 * @internal
 */
export function resolveOptions(
  options: ClientOptions,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedOptions {
  check(options);
  const {
    dsn,
    transport,
    once,
    limits,
    sendDefaultPii = false,
    requestBody = false,
    maxRequestBodyBytes = 10_000,
    ...rest
  } = options;
  const resolvedOnce = once === false ? false : { ...DEFAULT_ONCE, ...withoutUndefined(once ?? {}) };
  return {
    sampleRate: 1,
    ignoreErrors: [],
    processors: [],
    maxBreadcrumbs: 100,
    inAppInclude: [],
    inAppExclude: [],
    contextLines: 5,
    attachStacktrace: false,
    maxAttachmentBytes: MAX_ATTACHMENT_BYTES,
    traceTargets: [],
    queueSize: 1000,
    queueBytes: 16 * 1024 * 1024,
    compressAboveBytes: 32_768,
    requestTimeoutMs: 10_000,
    shutdownTimeoutMs: 2000,
    unseen5xx: "event",
    debug: false,
    tags: {},
    extra: {},
    scrub: {},
    ...withoutUndefined(rest),
    ...dsnFrom(dsn, env),
    release: options.release ?? filled(env.SENTRY_RELEASE),
    environment:
      options.environment ?? filled(env.SENTRY_ENVIRONMENT) ?? filled(env.NODE_ENV) ?? "production",
    destinations: listed(transport),
    limits: { ...DEFAULT_LIMITS, ...withoutUndefined(limits ?? {}) },
    once: resolvedOnce,
    mergeMs: resolvedOnce === false ? DEFAULT_ONCE.mergeMs : resolvedOnce.mergeMs,
    spool: options.spool ?? false,
    request: { sendDefaultPii, requestBody: requestBody || sendDefaultPii, maxRequestBodyBytes },
  };
}

const TO_THE_DSN: HttpDestination = { kind: "http" };

function listed(given: ClientOptions["transport"] = TO_THE_DSN): readonly Destination[] {
  return Array.isArray(given) ? given : [given as Destination];
}

/** A DSN given in code must be usable; a typo in the environment must not stop a deployment. */
function dsnFrom(
  given: string | false | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { dsn?: Dsn; dsnTrouble?: ResolvedOptions["dsnTrouble"] } {
  if (given === false || given === "") return { dsn: undefined };
  if (given !== undefined) return { dsn: parseDsn(given) };
  const text = filled(env.SENTRY_DSN);
  if (text === undefined) return { dsn: undefined };
  try {
    return { dsn: parseDsn(text) };
  } catch (error) {
    if (!(error instanceof DsnError)) throw error;
    return { dsn: undefined, dsnTrouble: [error.part, error.expected, error.received] };
  }
}

function check(options: ClientOptions): void {
  if (typeof options !== "object" || options === null)
    throw new OptionsError("(all)", "an object", describe(options));
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) {
      const { expected, received } = unknownName(name, Object.keys(CHECKS), "option");
      throw new OptionsError(shortened(name), expected, received);
    }
    if (value !== undefined) demand(name, value, CHECKS[name as keyof ClientOptions]);
  }
}

const text = expecting("a string", (value) => typeof value === "string");
const off = expecting("false", (value) => value === false);
const fraction = expecting(
  "a number from 0 to 1",
  (value) => typeof value === "number" && value >= 0 && value <= 1,
);
const count = expecting(
  "a whole number from 0 up",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);
const attachmentBytes = expecting(
  `a whole number from 0 to ${MAX_ATTACHMENT_BYTES}`,
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_ATTACHMENT_BYTES,
);
const milliseconds = expecting(
  "milliseconds from 0 to 2147483647",
  (value) => typeof value === "number" && value >= 0 && value <= 2_147_483_647,
);
const fn = expecting("a function", (value) => typeof value === "function");
const record = expecting(
  "an object",
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);
const ignorable = expecting(
  "a string, a RegExp or a class",
  (value) => typeof value === "function" || pattern(value) === undefined,
);
const transport = expecting(
  "a Transport: an object with a name and a send function",
  (value) =>
    isHttpDestination(value) ||
    (typeof (value as Transport | null)?.send === "function" &&
      typeof (value as Transport).name === "string"),
);
const integration = expecting(
  "an Integration: an object with a name",
  (value) => typeof (value as Integration | null)?.name === "string",
);

function isSpool(value: unknown): boolean {
  return typeof (value as Spool | null)?.open === "function";
}
/**
 * What a list of integrations may be.
 *
 * @internal
 */
export const integrationList: Check = arrayOf(integration);
/**
 * What the address of a proxy may be.
 *
 * @internal
 */
export const proxyUrl: Check = expecting(
  "the proxy's URL, http:// or https://",
  (value) => typeof value === "string" && /^https?:\/\//i.test(value),
);

/** @internal */
export const compressAboveBytes: Check = expecting(
  "a number of bytes from 0, or Infinity",
  (value) => typeof value === "number" && value >= 0,
);

const CHECKS: { readonly [Name in keyof Required<ClientOptions>]: Check } = {
  dsn: either(text, off),
  release: text,
  environment: text,
  serverName: text,
  dist: text,
  tags: record,
  extra: record,
  sampleRate: fraction,
  ignoreErrors: arrayOf(ignorable),
  beforeSend: fn,
  beforeBreadcrumb: fn,
  processors: arrayOf(fn),
  integrations: either(integrationList, fn),
  transport: either(transport, arrayOf(transport)),
  maxBreadcrumbs: count,
  inAppInclude: arrayOf(pattern),
  inAppExclude: arrayOf(pattern),
  contextLines: count,
  attachStacktrace: flag,
  traceTargets: arrayOf(pattern),
  sendDefaultPii: flag,
  requestBody: flag,
  maxRequestBodyBytes: count,
  maxAttachmentBytes: attachmentBytes,
  scrub: scrubCheck,
  limits: shape({
    depth: positive,
    breadth: positive,
    stringLength: positive,
    eventBytes: positive,
    causes: count,
  }),
  once: either(shape({ full: positive, windowMs: milliseconds, keys: positive, mergeMs: milliseconds }), off),
  queueSize: positive,
  queueBytes: positive,
  spool: either(expecting("fileSpool() from @corvid/core/spool", isSpool), off),
  compressAboveBytes,
  requestTimeoutMs: milliseconds,
  shutdownTimeoutMs: milliseconds,
  proxy: either(proxyUrl, off),
  unseen5xx: expecting('"event", "warn" or false', (value) =>
    ["event", "warn", false].includes(value as string),
  ),
  debug: flag,
};

/**
 * What may be switched while the application runs.
 *
 * @internal
 */
export const switchesCheck: Check = shape({ enabled: flag, sampleRate: fraction });

function filled(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
