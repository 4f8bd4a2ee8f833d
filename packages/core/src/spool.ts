/**
 * `@corvid/core/spool`: keeps captures beyond the process.
 *
 * ```js
 * init({ spool: fileSpool() });
 * ```
 *
 * @packageDocumentation
 */

export type { Spool } from "./client/spool.js";
export { type FileSpoolOptions, fileSpool } from "./node/spool/file-spool.js";
export type { ProcessFacts } from "./spool/head.js";
export { createSpool, type StoreContext, type StoreOptions } from "./spool/open.js";
export type {
  PartKind,
  SpoolCount,
  SpooledEvent,
  SpoolListener,
  SpoolLoss,
  SpoolStore,
} from "./spool/store.js";
