import { closeSync, constants, openSync, readSync, type Stats, statSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { extname, isAbsolute } from "node:path";

/** The part of a file system that source lines need. `read` gives at most `size` bytes from the beginning. */
export interface SourceFileSystem {
  stat(path: string): Promise<FileFacts>;
  read(path: string, size: number): Promise<Buffer>;
  statSync(path: string): FileFacts;
  readSync(path: string, size: number): Buffer;
}

/** What is asked about a file before it is opened. */
export type FileFacts = Pick<Stats, "isFile" | "size" | "mtimeMs" | "ctimeMs">;

/** Which files may be shown. */
export interface ReadRules {
  readonly maxFileBytes: number;
  /** Milliseconds since the Unix epoch: a file changed later is not the code that is running. */
  readonly trustedUntilMs: number;
}

/** What scripts are called. The path comes out of a text, and no text may make us show `/etc/passwd` or a `.env`. */
const SCRIPT = /^\.(?:[cm]?[jt]sx?|es6?|coffee|civet|vue|svelte|astro)$/i;

/** Reads a script. `undefined` when there is none or it may not be shown; never rejects. */
export async function readScript(
  fs: SourceFileSystem,
  path: string,
  rules: ReadRules,
): Promise<Buffer | undefined> {
  if (!isScriptPath(path)) return undefined;
  try {
    const facts = await fs.stat(path);
    return isAllowed(facts, rules) ? scriptOnly(path, await fs.read(path, facts.size)) : undefined;
  } catch {
    return undefined;
  }
}

/** The same, for the last moment of a process. */
export function readScriptSync(fs: SourceFileSystem, path: string, rules: ReadRules): Buffer | undefined {
  if (!isScriptPath(path)) return undefined;
  try {
    const facts = fs.statSync(path);
    return isAllowed(facts, rules) ? scriptOnly(path, fs.readSync(path, facts.size)) : undefined;
  } catch {
    return undefined;
  }
}

/** An absolute path on this machine: no URL, no network share, nothing relative. */
function isScriptPath(path: string): boolean {
  const isLocal =
    isAbsolute(path) && !path.startsWith("//") && !path.startsWith("\\\\") && !path.includes("\0");
  return isLocal && path.length <= 4096 && (extname(path) === "" || SCRIPT.test(extname(path)));
}

/** Anything but a regular file could hang or never end. `ctime` sees copies that keep an old `mtime`. */
function isAllowed(facts: FileFacts, rules: ReadRules): boolean {
  const changed = Math.max(facts.mtimeMs, facts.ctimeMs);
  return facts.isFile() && facts.size <= rules.maxFileBytes && changed <= rules.trustedUntilMs;
}

/** A file without an extension is a script when it says so: `#!`. */
function scriptOnly(path: string, content: Buffer): Buffer | undefined {
  return extname(path) !== "" || content.toString("latin1", 0, 2) === "#!" ? content : undefined;
}

/** Not blocking, should a pipe have taken the file's place meanwhile. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The file system of the process. */
export const nodeFileSystem: SourceFileSystem = {
  stat,
  statSync,
  async read(path, size) {
    const file = await open(path, FLAGS);
    try {
      const content = Buffer.allocUnsafeSlow(size);
      let length = 0;
      while (length < size) {
        const { bytesRead } = await file.read(content, length, size - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return content.subarray(0, length);
    } finally {
      await file.close();
    }
  },
  readSync(path, size) {
    const file = openSync(path, FLAGS);
    try {
      const content = Buffer.allocUnsafeSlow(size);
      let length = 0;
      while (length < size) {
        const bytesRead = readSync(file, content, length, size - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return content.subarray(0, length);
    } finally {
      closeSync(file);
    }
  },
};
