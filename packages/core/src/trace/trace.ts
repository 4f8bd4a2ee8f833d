import { type IncomingTrace, readTraceHeaders } from "./headers.js";
import type { SpanIds } from "./otel.js";

/** A trace as plain data. */
export interface TraceRecord {
  readonly ids: SpanIds;
  readonly incoming?: IncomingTrace;
  readonly sampleRand: string;
}

/**
 * The trace that a piece of work belongs to: the one its caller named, else one of its own. Read when first
 * asks; until then it costs an object with four fields.
 */
export class Trace {
  #headers: (() => unknown) | undefined;
  #incoming: IncomingTrace | undefined;
  #ids: SpanIds | undefined;
  #sampleRand: string | undefined;

  /** @param headers - gives the headers that the work came with, by lower-case name; asked at most once */
  constructor(headers?: () => unknown) {
    this.#headers = headers;
  }

  /** The trace of a piece of work that another process did. */
  static recalled({ ids, incoming, sampleRand }: TraceRecord): Trace {
    const trace = new Trace();
    trace.#ids = ids;
    trace.#incoming = incoming;
    trace.#sampleRand = sampleRand;
    return trace;
  }

  /**
   * What another process must know to go on with the same trace.
   *
   * @param newId - as for {@link ids}
   * @param random - as for {@link sampleRand}
   */
  record(newId: () => string, random: () => number): TraceRecord {
    return { ids: this.ids(newId), incoming: this.incoming, sampleRand: this.sampleRand(random) };
  }

  /** What the caller said. Reads the headers, and from then on holds them no more. */
  get incoming(): IncomingTrace | undefined {
    const headers = this.#headers;
    if (headers === undefined) return this.#incoming;
    this.#headers = undefined;
    try {
      this.#incoming = readTraceHeaders(headers());
    } catch {
      // A caller whose headers cannot be read has sent none.
    }
    return this.#incoming;
  }

  /** Begins a trace of its own instead of the caller's. */
  leaveCaller(): void {
    this.#headers = undefined;
    this.#incoming = undefined;
  }

  /**
   * The ids of this work: always the same.
   *
   * @param newId - makes 32 hex digits
   */
  ids(newId: () => string): SpanIds {
    this.#ids ??= { traceId: this.incoming?.traceId ?? newId(), spanId: newId().slice(16) };
    return this.#ids;
  }

  /** The number by which every service of the trace samples alike: from 0 up to 1, six decimals. */
  sampleRand(random: () => number): string {
    // Cut, not rounded: 1.000000 is no legal value.
    this.#sampleRand ??= (Math.floor(random() * 1e6) / 1e6).toFixed(6);
    return this.#sampleRand;
  }
}
