import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Without waiting, whatever stands there: to open a pipe would else take until somebody writes to it. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads the beginning of a file.
 *
 * @param maxBytes - how much of it is read at most
 * @returns empty for a file that cannot be read
 */
export async function readFileStart(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const handle = await open(path, FLAGS);
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.min(size, maxBytes));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}
