import type { Clock } from "../model/clock.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { Frame, Json } from "../model/event.js";
import type { TraceHeadersFor } from "../trace/tracer.js";
import type { HttpDestination } from "../transport/destination.js";
import type { SdkInfo } from "../transport/envelope.js";
import type { Transport } from "../transport/transport.js";
import type { Integration } from "./integration.js";
import type { ResolvedOptions } from "./options.js";

/** Adds the lines of source around each frame, in place. */
export interface ContextLines {
  addTo(frames: readonly Frame[]): Promise<void>;
  /** The same at the end of the process, as far as it goes without waiting. */
  addToSync(frames: readonly Frame[]): void;
}

/** A client, as the end of the process sees it. */
export interface EndingClient {
  /** How long the end may wait for it, in milliseconds. */
  readonly shutdownTimeoutMs: number;
  /** Captures that have not arrived and are not given up. */
  undelivered(): number;
  /** Sends what is undelivered, synchronously, as far as `deadlineMs` milliseconds go. Must not throw. */
  sendSync(deadlineMs: number): void;
  /** The process ends by itself, now. Must not throw. @param code - its exit code */
  over(code: number): void;
}

/** Sees to it that what a client holds is not lost with the process. */
export interface EndWatch {
  /** What is undelivered has changed. Called often; must be cheap, and not throw. */
  changed(): void;
  /** The client has ended. */
  leave(): void;
}

/** What the client needs of the place it runs in. Node's stands in `node/`; tests bring their own. */
export interface Platform {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly sdk: SdkInfo;
  /** Absolute path of the application's folder; file names of frames are relative to it. */
  readonly projectRoot: string;
  /** A number from 0 up to 1. */
  random(): number;
  /** 32 lower-case hex digits. */
  newId(): string;
  /** Takes a line for people; must not throw. */
  write(line: string): void;
  /** Calls `fn` when the application's turn is over. */
  afterTurn(fn: () => void): void;
  serverName(): string | undefined;
  /** The deployed release, as far as the host knows it. */
  release(): string | undefined;
  /**
   * Contexts of host and process: `os`, `runtime`, …
   *
   * @param onFailure - called for each that could not be read; the others are returned
   */
  contexts(onFailure: (name: string, error: unknown) => void): Readonly<Record<string, Record<string, Json>>>;
  /** @param trustedUntilMs - lines of files that changed later are not shown; default: the start of the process */
  contextLines(lines: number, trustedUntilMs?: number): ContextLines;
  /** @param server - with a `dsn`, or a `codec` of its own */
  transport(server: HttpDestination, options: ResolvedOptions, diagnostics: Diagnostics): Transport;
  /** Those that are on unless the application says otherwise. */
  readonly integrations: readonly Integration[];
  /** Told, before integrations are set up, what outgoing requests should carry; only with `traceTargets`. */
  propagate?(headersFor: TraceHeadersFor): void;
  /** Watches over the end of the process for a client. Absent where a process has no end to speak of. */
  watchEnd?(client: EndingClient): EndWatch;
}
