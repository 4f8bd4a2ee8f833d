import { constants, openSync } from "node:fs";
import { describe, OptionsError } from "../../model/option-checks.js";
import type { Transport } from "../../transport/transport.js";
import { createLineTransport } from "./line-transport.js";
import { LineWriter } from "./line-writer.js";

/** Options of {@link consoleTransport}. */
export interface ConsoleTransportOptions {
  /** Default `stdout`. */
  readonly stream?: "stdout" | "stderr";
}

/**
 * Writes each event as one line of JSON to standard output, for whatever collects the lines of a container or service.
 * Attachments are left out. What is undelivered when the process ends is written before it does.
 *
 * @throws {OptionsError} when `stream` is neither `stdout` nor `stderr`
 */
export function consoleTransport(options: ConsoleTransportOptions = {}): Transport {
  const stream = options.stream ?? "stdout";
  if (stream !== "stdout" && stream !== "stderr") {
    throw new OptionsError("consoleTransport.stream", '"stdout" or "stderr"', describe(stream));
  }
  let writer: LineWriter | undefined;
  return createLineTransport(stream, {
    writer() {
      writer ??= new LineWriter(openStream(stream));
      return writer;
    },
  });
}

/**
 * A descriptor that never blocks, as otherwise a reader that is stuck would stop the whole process. A pipe or file is
 * opened again for ourselves; a socket cannot be, but becomes non-blocking when Node makes its stream of it.
 */
function openStream(stream: "stdout" | "stderr"): number {
  const fd = stream === "stdout" ? 1 : 2;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    void process[stream].writable;
    return fd;
  }
}
