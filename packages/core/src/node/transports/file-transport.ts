import { closeSync, constants, fstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, OptionsError } from "../../model/option-checks.js";
import type { Transport } from "../../transport/transport.js";
import { monotonicMs } from "../clock.js";
import { lineTransport } from "./line-transport.js";
import { LineWriter, writerCarrier } from "./line-writer.js";

/** Options of {@link fileTransport}. */
export interface FileTransportOptions {
  /** Its directories are created where they are missing. */
  readonly path: string;
  /** Permissions of a new file. Default `0o600`: events may hold private data. */
  readonly mode?: number;
}

const LOOK_FOR_ROTATION_EVERY_MS = 1000;

/**
 * Appends each event as one line of JSON to a file. Attachments are left out. The file may be rotated in either way,
 * renamed or copied and truncated: within a second the new one is written to.
 *
 * @throws {OptionsError} when there is no path
 */
export function fileTransport(options: string | FileTransportOptions): Transport {
  const { path, mode = 0o600 } = typeof options === "string" ? { path: options } : options;
  if (typeof path !== "string" || path === "")
    throw new OptionsError("fileTransport.path", "the path of a file", describe(path));
  const file = new RotatedFile(path, mode);
  return lineTransport({
    name: "file",
    carrier: writerCarrier(
      () => file.writer(),
      () => file.close(),
    ),
  });
}

interface OpenFile {
  readonly fd: number;
  readonly inode: bigint;
  readonly writer: LineWriter;
}

/** Follows a path: the open file is the one that the path names now. */
class RotatedFile {
  readonly #path: string;
  readonly #mode: number;
  #open: OpenFile | undefined;
  #lookedAt = 0;

  constructor(path: string, mode: number) {
    this.#path = path;
    this.#mode = mode;
  }

  writer(): LineWriter {
    if (this.#open !== undefined && this.#wasRotated(this.#open)) this.close();
    const file = this.#open ?? this.#openFile();
    this.#open = file;
    return file.writer;
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #wasRotated({ inode }: OpenFile): boolean {
    const now = monotonicMs();
    if (now - this.#lookedAt < LOOK_FOR_ROTATION_EVERY_MS) return false;
    this.#lookedAt = now;
    return statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino !== inode;
  }

  #openFile(): OpenFile {
    mkdirSync(dirname(this.#path), { recursive: true });
    const fd = openSync(this.#path, APPEND, this.#mode);
    this.#lookedAt = monotonicMs();
    return { fd, inode: fstatSync(fd, { bigint: true }).ino, writer: new LineWriter(fd) };
  }
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
