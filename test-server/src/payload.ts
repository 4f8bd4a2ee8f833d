/**
 * What clients send, as far as tests and the page look at it. The server keeps payloads as they came, so every
 * field may be missing and unknown ones stay.
 */
export interface EventPayload {
  readonly [key: string]: unknown;
  readonly event_id?: string;
  readonly timestamp?: number | string;
  readonly platform?: string;
  readonly level?: string;
  readonly logger?: string;
  readonly transaction?: string;
  readonly server_name?: string;
  readonly release?: string;
  readonly dist?: string;
  readonly environment?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly contexts?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly user?: Readonly<Record<string, unknown>>;
  readonly request?: Readonly<Record<string, unknown>>;
  readonly breadcrumbs?: { readonly values: readonly Readonly<Record<string, unknown>>[] };
  readonly exception?: { readonly values: readonly ExceptionPayload[] };
  readonly logentry?: {
    readonly formatted?: string;
    readonly message?: string;
    readonly params?: readonly unknown[];
  };
  readonly fingerprint?: readonly string[];
}

/** One exception of an event; the caught one stands last. */
export interface ExceptionPayload {
  readonly [key: string]: unknown;
  readonly type?: string;
  readonly value?: string;
  readonly module?: string;
  readonly mechanism?: {
    readonly [key: string]: unknown;
    readonly type?: string;
    readonly handled?: boolean;
  };
  readonly stacktrace?: { readonly frames: readonly FramePayload[] };
}

/** One line of a stack; the throwing one stands last. */
export interface FramePayload {
  readonly [key: string]: unknown;
  readonly function?: string;
  readonly filename?: string;
  readonly abs_path?: string;
  readonly module?: string;
  readonly lineno?: number;
  readonly colno?: number;
  readonly in_app?: boolean;
  readonly context_line?: string;
  readonly pre_context?: readonly string[];
  readonly post_context?: readonly string[];
  readonly vars?: Readonly<Record<string, unknown>>;
}

/** Whether a value is a JSON object: neither an array nor `null`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
