import type { OpenSpool, OpenSpoolOptions } from "../spool/open.js";

/** A spool to pass as the option `spool`, as `fileSpool()` from `@corvid/core/spool` returns it. */
export interface Spool {
  /** How long an event may wait for its destination, in milliseconds. */
  readonly maxAgeMs: number;
  /**
   * Opens the spool for one client.
   *
   * @returns `undefined`, after a warning, when it cannot be opened
   * @internal
   */
  open(client: OpenSpoolOptions): OpenSpool | undefined;
}
