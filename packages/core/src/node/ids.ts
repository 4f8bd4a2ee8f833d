import { randomFillSync } from "node:crypto";
import { afterStack } from "./clock.js";

const ID_BYTES = 16;
const IDS_AT_ONCE = 128;

/**
 * Makes a source of event ids: random version 4 UUIDs as 32 lower-case hex digits. Random bytes are fetched for many ids
 * at once, because each request for some costs more than an id may, and after the stack of the caller that took half of
 * them.
 */
export function createIdSource(): () => string {
  const pool = Buffer.allocUnsafeSlow(ID_BYTES * IDS_AT_ONCE);
  let next = pool.length;
  let isRefillDue = false;
  function refill(): void {
    isRefillDue = false;
    randomFillSync(pool, 0, next);
    next = 0;
  }
  return () => {
    if (next === pool.length) refill();
    else if (next >= pool.length / 2 && !isRefillDue) {
      isRefillDue = true;
      afterStack(refill);
    }
    const start = next;
    next += ID_BYTES;
    pool[start + 6] = (pool[start + 6]! & 0x0f) | 0x40;
    pool[start + 8] = (pool[start + 8]! & 0x3f) | 0x80;
    return pool.toString("hex", start, next);
  };
}
