import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What the program found: events, those that name the wrong user or request, and the user of the process. */
export interface Found {
  readonly events: number;
  readonly wrong: readonly unknown[];
  readonly process: unknown;
}

/** WebSockets that the program opens beside its requests. */
export const SOCKETS = 200;

/** Streams of HTTP/2 that it opens on a version of Node: from 24 on. */
export function streamsOn(major: number): number {
  return major < 24 ? 0 : 200;
}

/** Runs the program with so many requests. */
export async function interleave(requests: number, node: string = process.execPath): Promise<Found> {
  const program = fileURLToPath(new URL("./program.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(node, [program, String(requests)], { timeout: 50_000 });
  return JSON.parse(stdout) as Found;
}
