import type { Transport } from "../transport/transport.js";

/** Names by which the destinations of a client are told apart on disk, the same in every process: `http`, `file`, `file#2`. */
export function destinationKeys(transports: readonly Pick<Transport, "name">[]): readonly string[] {
  const seen = new Map<string, number>();
  return transports.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}
