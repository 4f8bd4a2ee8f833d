import { randomFillSync } from "node:crypto";

const ID_BYTES = 16;
const IDS_AT_ONCE = 128;

/**
 * Makes a source of event ids: random version 4 UUIDs as 32 lower-case hex digits. Random bytes are fetched for many ids
 * at once, because each request for some costs more than an id may.
 */
export function createIdSource(): () => string {
  const pool = Buffer.allocUnsafeSlow(ID_BYTES * IDS_AT_ONCE);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    const start = next;
    next += ID_BYTES;
    pool[start + 6] = (pool[start + 6]! & 0x0f) | 0x40;
    pool[start + 8] = (pool[start + 8]! & 0x3f) | 0x80;
    return pool.toString("hex", start, next);
  };
}
