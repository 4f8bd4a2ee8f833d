/** What a command sees of the world around it. */
export interface World {
  /** Absolute path. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Output;
  readonly err: Output;
  /** Options this Node was started with, such as `--enable-source-maps`. */
  readonly execArgv: readonly string[];
  /** Says what Ctrl-C does in place of ending the command at once; the next one ends it all the same. */
  readonly onInterrupt?: (stop: () => void) => void;
}

/** A standard stream. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Whether colours are welcome: a terminal that has them, and no `NO_COLOR`. */
  readonly hasColours: boolean;
}

/** 0: all is well. 1: a problem was found. 2: the command line cannot be understood. 130: interrupted. */
export type ExitCode = 0 | 1 | 2 | 130;
