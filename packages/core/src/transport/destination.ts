import type { Dsn } from "../model/dsn.js";
import type { Transport } from "./transport.js";

/**
 * A server that speaks the Sentry protocol, as the option `transport` takes it; made by `httpTransport`. The client
 * makes a transport of it, with its own DSN and proxy where this one has none.
 */
export interface HttpDestination {
  readonly kind: "http";
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
}

/** Where events go: a transport, or a server that the client makes one for. */
export type Destination = Transport | HttpDestination;

/** By shape, because another copy of Corvid may have made it; a transport may well have a `kind` of its own. */
export function isHttpDestination(destination: unknown): destination is HttpDestination {
  const { kind, send } = (destination ?? {}) as Partial<HttpDestination & Transport>;
  return kind === "http" && send === undefined;
}
