import { constants } from "node:fs";

/*
 * A spool folder:
 *
 *     <instance>.<group>.live/       what one client writes to; its owner touches it every two seconds
 *         beat.0 or beat.1           renamed into each other: that is the touch
 *         owner                      the process, where pids prove that it has ended
 *         000001.seg …               lines, see `line.ts`; the first is the head
 *         claimed/<instance>/        what its owner took over of others: segments again
 *     <instance>.<group>.left/       left behind by a client that was closed: to be taken at once
 *
 * Names of any other form are nobody's business here.
 */

/** The version of the format of segments. The first line keeps its form in every version. */
export const FORMAT_VERSION = 1;

/** What the name of an instance's folder says. */
export interface FolderName {
  readonly instance: string;
  readonly group: string;
  readonly state: "live" | "left";
}

/** The folder, within one's own, of what was taken over. */
export const CLAIMED = "claimed";
export const BEATS: readonly [string, string] = ["beat.0", "beat.1"];
/** Names the process that writes to the folder; see {@link ownerText}. */
export const OWNER = "owner";

/** Without a sign of life for so long, an instance has ended. */
export const DEAD_AFTER_MS = 10_000;
/** For the eyes of the owner alone: events hold what is not for everyone. */
export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Never through a link, never waiting for the other end of a pipe. Windows has neither flag. */
export const READ_FLAGS: number =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
export const APPEND_FLAGS: number = constants.O_WRONLY | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
export const CREATE_FLAGS: number = APPEND_FLAGS | constants.O_CREAT | constants.O_EXCL;

export function folderName({ instance, group, state }: FolderName): string {
  return `${instance}.${group}.${state}`;
}

export function parseFolderName(name: string): FolderName | undefined {
  const match = /^([0-9a-f]{16})\.([0-9a-f]{8})\.(live|left)$/.exec(name);
  if (match === null) return undefined;
  return { instance: match[1]!, group: match[2]!, state: match[3] as FolderName["state"] };
}

export function isInstance(name: string): boolean {
  return /^[0-9a-f]{16}$/.test(name);
}

export function segmentName(number: number): string {
  return `${String(number).padStart(6, "0")}.seg`;
}

/** The numbers of the segments among the names of a folder, in order. */
export function segmentNumbers(names: readonly string[]): number[] {
  return names
    .flatMap((name) => {
      const match = /^(\d{6,9})\.seg$/.exec(name);
      return match === null ? [] : [Number(match[1])];
    })
    .sort((a, b) => a - b);
}

/** The code of what the system said, like `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** There is nothing of that name; or a file stands where there was a folder. */
export function isAbsence(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

/** What to say of a failure, for people. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the system may have room or leave for another time. */
export function isPassing(error: unknown): boolean {
  return PASSING.has(codeOf(error) ?? "");
}

const PASSING: ReadonlySet<string> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "EAGAIN",
  "EBUSY",
  "EACCES",
  "EPERM",
]);
