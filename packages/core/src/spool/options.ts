/** Keeps what is undelivered on disk, so that it survives the process and a server that is down for hours. */
export interface SpoolOptions {
  /**
   * Where: a directory of Corvid's own, made when it is missing. Default: one for this DSN and user in the user's state
   * directory, else in the temporary one.
   */
  readonly dir?: string;
  /** Bytes on disk; before they are more, the oldest go. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Age at which what waits is given up, in milliseconds. Default 7 days. */
  readonly maxAgeMs?: number;
  /** Waits for the disk itself at each capture: power may fail too, and every capture costs milliseconds. Default false. */
  readonly fsync?: boolean;
  /**
   * Has Node write a diagnostic report beside the events when it dies of a fatal error of its own, such as a full heap.
   * Takes Node 22 or newer, started with `--report-exclude-env --report-exclude-network`; else one warning says so, and
   * nothing is set. Default false.
   */
  readonly diagnosticReport?: boolean;
}

/** The same with its defaults; without `dir`, the default one. */
export type ResolvedSpool = Required<Omit<SpoolOptions, "dir">> & Pick<SpoolOptions, "dir">;

/** What holds unless the application says otherwise. */
export const SPOOL_DEFAULTS: ResolvedSpool = {
  maxBytes: 64 * 1024 * 1024,
  maxAgeMs: 7 * 24 * 3600 * 1000,
  fsync: false,
  diagnosticReport: false,
};

/** Reads the forms of the option: on, a directory, all of it. */
export function resolveSpool(given: boolean | string | SpoolOptions | undefined): ResolvedSpool | false {
  if (given === undefined || given === false) return false;
  if (given === true) return SPOOL_DEFAULTS;
  if (typeof given === "string") return { ...SPOOL_DEFAULTS, dir: given };
  return {
    ...SPOOL_DEFAULTS,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}
