/** Remembers values within a byte budget; the least recently used ones go first. */
export interface SourceCache<Value extends { readonly bytes: number }> {
  get(key: string): Value | undefined;
  /** Keeps a value, or weighs it anew. One that is larger than the whole budget is not kept. */
  set(key: string, value: Value): void;
}

/** What a key and its place cost beside the value. */
const ENTRY_BYTES = 256;

export function createSourceCache<Value extends { readonly bytes: number }>(
  maxBytes: number,
): SourceCache<Value> {
  const entries = new Map<string, { readonly value: Value; readonly bytes: number }>();
  let total = 0;

  const remove = (key: string): void => {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value) {
      const bytes = value.bytes + 2 * key.length + ENTRY_BYTES;
      remove(key);
      if (bytes > maxBytes) return;
      entries.set(key, { value, bytes });
      total += bytes;
      for (const oldest of entries.keys()) {
        if (total <= maxBytes) break;
        remove(oldest);
      }
    },
  };
}
