/**
 * The shapes of an event, with the names of the field: those of the wire, but for `message` and flat `breadcrumbs`,
 * which only the Sentry encoder writes as `logentry` and `breadcrumbs: { values }`.
 *
 * `?` means the key is absent, never `null`.
 *
 * @see https://develop.sentry.dev/sdk/foundations/transport/event-payloads/
 */

/** A JSON value: what survives `JSON.stringify` unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** How bad it is, worst first. The protocol knows these five words and no other. */
export type Level = "fatal" | "error" | "warning" | "info" | "debug";

/** The five levels, worst first. */
export const LEVELS: readonly Level[] = ["fatal", "error", "warning", "info", "debug"];

/** How an exception came to be reported. */
export interface Mechanism {
  /** `generic` for a call in user code; else where it was caught: `auto.http.express.middleware`. */
  readonly type: string;
  /** `false` when the application did not catch it. */
  readonly handled?: boolean;
  /** The stack belongs to the reporting call, not to the failure. */
  readonly synthetic?: boolean;
  /** The property the exception came from: `cause`, `errors[0]`. */
  readonly source?: string;
  /** Number within the tree of causes; the caught error is 0. */
  readonly exception_id?: number;
  readonly parent_id?: number;
  readonly is_exception_group?: boolean;
  readonly description?: string;
  readonly help_link?: string;
  readonly data?: Readonly<Record<string, Json>>;
  /** Codes of the operating system: `{ errno: { number: -2, name: "ENOENT" } }`. */
  readonly meta?: Readonly<Record<string, Json>>;
}

/** One line of a stack. At least one of `filename` and `function` is present. */
export interface Frame {
  /** Name of the function; `?` when it has none. */
  function?: string;
  /** Path relative to the project's root, with `/`; stable between hosts. */
  filename?: string;
  /** Absolute path or URL. */
  abs_path?: string;
  /** Dotted path of the module: `routes.orders`. */
  module?: string;
  /** Line, from 1. */
  lineno?: number;
  /** Column, from 1. */
  colno?: number;
  /** `true` for the application's own code. */
  in_app?: boolean;
  context_line?: string;
  pre_context?: string[];
  post_context?: string[];
  /** Local variables. */
  vars?: Record<string, Json>;
}

/** The frames of one stack, oldest call first, the throwing frame last. Never empty. */
export interface Stacktrace {
  frames: Frame[];
}

/** One exception of an event. `type` or `value` is present. */
export interface Exception {
  type?: string;
  value?: string;
  module?: string;
  mechanism?: Mechanism;
  stacktrace?: Stacktrace;
}

/** Something that happened before. */
export interface Breadcrumb {
  /** Seconds since the Unix epoch, UTC. */
  timestamp?: number;
  /** `default`, `debug`, `error`, `info`, `navigation`, `http`, `query` or `user`. */
  type?: string;
  /** Dotted and free: `console`, `http`, `orders.paid`. */
  category?: string;
  message?: string;
  level?: Level;
  data?: Record<string, Json>;
}

/** A breadcrumb as it is given: `data` may hold anything; what is no JSON is made into it. */
export interface BreadcrumbInput {
  /** Seconds since the Unix epoch, UTC. Default: now. */
  readonly timestamp?: number | undefined;
  /** `default`, `debug`, `error`, `info`, `navigation`, `http`, `query` or `user`. */
  readonly type?: string | undefined;
  /** Dotted and free: `console`, `http`, `orders.paid`. */
  readonly category?: string | undefined;
  readonly message?: string | undefined;
  readonly level?: Level | undefined;
  readonly data?: object | undefined;
}

/** For whom it failed. One of the first four is wanted. */
export interface User {
  id?: string;
  username?: string;
  email?: string;
  ip_address?: string;
  name?: string;
  geo?: Record<string, Json>;
  /** Anything else that is known of the user. */
  data?: Record<string, Json>;
}

/** The HTTP request that failed. */
export interface RequestInfo {
  method?: string;
  /** Without credentials, query and fragment. */
  url?: string;
  query_string?: string;
  headers?: Record<string, string>;
  cookies?: Record<string, string>;
  data?: Json;
  env?: Record<string, string>;
}

/** The text of a message event, with its template and values where it has them; the Sentry encoder writes all three. */
export interface LogEntry {
  readonly formatted: string;
  /** The template, with its `%s` still in place. */
  readonly message?: string;
  readonly params?: readonly string[];
}

/** One event: what hooks, transports and tests see, and what leaves. */
export interface Event {
  /** 32 lower-case hex digits. */
  event_id: string;
  /** Seconds since the Unix epoch, UTC, with fractions. */
  timestamp: number;
  platform: "node";
  level?: Level;
  /** The final text of a message event. */
  message?: string;
  logger?: string;
  /** The route's pattern, not the URL: `GET /orders/:id`. */
  transaction?: string;
  transaction_info?: { source: string };
  server_name?: string;
  release?: string;
  dist?: string;
  environment?: string;
  tags?: Record<string, string>;
  extra?: Record<string, Json>;
  contexts?: Record<string, Record<string, Json>>;
  user?: User;
  request?: RequestInfo;
  /** Oldest first. */
  breadcrumbs?: Breadcrumb[];
  exception?: { values: Exception[] };
  threads?: { values: Record<string, Json>[] };
  /** `{{ default }}` stands for the server's own grouping. */
  fingerprint?: string[];
  modules?: Record<string, string>;
  sdk?: {
    name: string;
    version: string;
    integrations?: string[];
    packages?: { name: string; version: string }[];
  };
  debug_meta?: { images: Record<string, Json>[] };
  errors?: { type: string; name?: string; value?: string }[];
}

/**
 * What `captureEvent` takes: any part of an event; ids, time and platform are filled in. `logentry` and
 * `breadcrumbs: { values }` are read too, as events of other clients may hold them.
 */
export interface EventInput extends Partial<Omit<Event, "breadcrumbs">> {
  breadcrumbs?: Event["breadcrumbs"] | { values: Breadcrumb[] };
  logentry?: Partial<LogEntry>;
}

/** A file that travels with its event. */
export interface Attachment {
  /** Name without a path. */
  readonly filename: string;
  readonly data: string | Uint8Array;
  /** Default `application/octet-stream`. */
  readonly contentType?: string;
}
