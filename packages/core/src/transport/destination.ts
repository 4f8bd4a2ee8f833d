import type { Dsn } from "../model/dsn.js";
import type { Envelope, EnvelopeKind } from "./envelope.js";
import type { HttpAnswer } from "./http-answer.js";
import type { SendResult, Transport } from "./transport.js";

/** One batch as the body of a POST. */
export interface EncodedRequest {
  /** Text is sent as UTF-8. */
  readonly body: Uint8Array | string;
  /** Value of the `Content-Type` header. */
  readonly contentType: string;
  /** Where this one goes. Default: the destination's `url`. */
  readonly url?: string;
  /** Added to the destination's `headers`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How envelopes become requests to a server, and its answers verdicts. */
export interface HttpCodec {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes a batch as one request. Throws: the batch is dropped, reason `internal_sdk_error`. */
  readonly encode: (batch: readonly Envelope[]) => EncodedRequest;
  /** One result per envelope, in the batch's order. Default: the status decides for all of them, as for Sentry. */
  readonly read?: (answer: HttpAnswer, batch: readonly Envelope[]) => readonly SendResult[];
  /** The most envelopes of one request. Default 1. */
  readonly maxBatch?: number;
  /** The most bytes of one request, about; a larger envelope travels alone. Default: no limit. */
  readonly maxBatchBytes?: number;
  /** Default `["event"]`. */
  readonly kinds?: readonly EnvelopeKind[];
}

/** A POST, ready to leave. */
export interface HttpPostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** One deadline for connection, sending and the whole answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Posts over an HTTP client of one's own. Rejects when there is no answer within the deadline. */
export type HttpPost = (request: HttpPostRequest) => Promise<HttpAnswer>;

/**
 * A server, as the option `transport` takes it; made by `httpTransport`. The client makes a transport of it, with its
 * own DSN, proxy and deadline where this one has none.
 */
export interface HttpDestination {
  readonly kind: "http";
  /** @internal */
  readonly name?: string;
  /** @internal */
  readonly dsn?: Dsn;
  /**
   * Certificates to trust besides Node's own, as PEM text.
   *
   * @internal
   */
  readonly ca?: readonly string[];
  /** @internal */
  readonly proxy?: string | false;
  /** @internal */
  readonly compressAboveBytes?: number;
  /**
   * Absent: the Sentry protocol.
   *
   * @internal
   */
  readonly codec?: HttpCodec;
  /** @internal */
  readonly post?: HttpPost;
}

/** Where events go: a transport, or a server that the client makes one for. */
export type Destination = Transport | HttpDestination;

/** By shape, because another copy of Corvid may have made it; a transport may well have a `kind` of its own. */
export function isHttpDestination(destination: unknown): destination is HttpDestination {
  const { kind, send } = (destination ?? {}) as Partial<HttpDestination & Transport>;
  return kind === "http" && send === undefined;
}
