/**
 * `@corvid/core/spool`: look into a spool folder, send what waits there, or discard it; for commands and scripts. An
 * application needs none of this: its own client takes over what ended processes left.
 *
 * @packageDocumentation
 */

export { type DiscardOptions, discardSpool } from "./node/spool/discard.js";
export { type DrainOptions, type DrainResult, drainSpool } from "./node/spool/drain.js";
export { type ListedEvent, listSpool, type SpoolInstance } from "./node/spool/list.js";
export type { SpoolCount } from "./spool/store.js";
