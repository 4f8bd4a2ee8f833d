import {
  checkHandlerOptions,
  createLogRule,
  handlerNotCalled,
  type LogRuleOptions,
  severityOf,
} from "@corvid/core/bridge";
import type { LoggerOptions } from "pino";
import { type LoggedLine, type PinoLike, recordOf } from "./record.js";

export type { PinoLike } from "./record.js";

/** What {@link handler} takes. */
export interface HandlerOptions extends LogRuleOptions {
  /** The application's own pino hooks: they run as without Corvid. */
  readonly hooks?: LoggerOptions["hooks"];
  /** Writes the id of the event into the line it comes from, under this key. Default: the line stays as it is. */
  readonly eventIdKey?: string;
}

/** pino's `hooks`, for every major since 9. */
export interface PinoHooks {
  /** Looks on as a line is logged. */
  logMethod(this: PinoLike, args: unknown[], method: (...args: never[]) => void, level: number): void;
  /** Sees the line as it is written. */
  streamWrite(line: string): string;
}

/**
 * Makes the hooks that attach Corvid to a logger and all its children: `pino({ hooks: handler() })`.
 *
 * Lines from `captureLevel` up become events, lines below it breadcrumbs; what pino does not write costs nothing and
 * is not reported. Errors are taken alive from the call (`log.error(err)`, `log.error({ err }, "…")`, `{ error }`, the
 * logger's `errorKey`, or any argument); everything else from the line as pino wrote it, so that serializers run
 * once and what `redact` hides stays hidden. The line is written exactly as without Corvid, and first.
 *
 * @throws {OptionsError} for an option that is unknown, and for a level that is none
 */
export function handler(options: HandlerOptions = {}): PinoHooks {
  checkHandlerOptions("handler()", options, KNOWN);
  const { hooks: own, eventIdKey } = options;
  const rule = createLogRule("pino", options);
  /** The line being written; lines nest when a serializer or a mixin logs. */
  let writing: WritingLine | undefined;

  const write = (line: WritingLine | undefined, call: () => void): void => {
    const outer = writing;
    writing = line;
    try {
      call();
    } finally {
      writing = outer;
      line?.report();
    }
  };

  const observe = (line: LoggedLine, method: (...args: never[]) => void, level: number): void => {
    const { logger, args } = line;
    const name = logger?.levels?.labels[level];
    const severity = severityOf(name, level);
    const report = (text: string | undefined) =>
      rule.report(severity, () => ({ ...recordOf(line, text), level: name ?? String(level) }));
    write(rule.fate(severity) === "ignore" ? undefined : new WritingLine(report), () =>
      Reflect.apply(method, logger, args),
    );
  };

  return {
    logMethod(args, method, level) {
      if (own?.logMethod === undefined) return observe({ logger: this, args, given: args }, method, level);
      const given = args.slice();
      const next = function (this: PinoLike, ...passed: unknown[]): void {
        observe({ logger: this, args: passed, given }, method, level);
      };
      Reflect.apply(own.logMethod, this, [args, next, level]);
    },
    streamWrite(line) {
      const text = own?.streamWrite === undefined ? line : own.streamWrite(line);
      if (writing === undefined || typeof text !== "string") return text;
      writing.text = text;
      return eventIdKey === undefined ? text : withEventId(text, eventIdKey, writing.report());
    },
  };
}

const unchecked = (): undefined => undefined;
/** Levels are checked by the rule that reads them. */
const KNOWN = {
  captureLevel: unchecked,
  breadcrumbLevel: unchecked,
  hooks: unchecked,
  eventIdKey: unchecked,
} satisfies Record<keyof HandlerOptions, unknown>;

/** pino asks its hooks for this: with `hooks: handler` it asks the function itself, and would hear of no line. */
Object.defineProperty(handler, "logMethod", {
  get(): never {
    throw handlerNotCalled("handler()");
  },
});

/** One line on its way out, reported once. */
class WritingLine {
  /** As it is written. */
  text: string | undefined;
  readonly #report: (text: string | undefined) => string | undefined;
  #isReported = false;

  constructor(report: (text: string | undefined) => string | undefined) {
    this.#report = report;
  }

  /** @returns the id of its event, when it became one */
  report(): string | undefined {
    if (this.#isReported) return undefined;
    this.#isReported = true;
    return this.#report(this.text);
  }
}

/** The line with one more field; a line that is no JSON object stays as it is. */
function withEventId(text: string, key: string, id: string | undefined): string {
  const end = text.lastIndexOf("}");
  if (id === undefined || end < 0) return text;
  const comma = text.slice(0, end).trimEnd().endsWith("{") ? "" : ",";
  return `${text.slice(0, end)}${comma}${JSON.stringify(key)}:${JSON.stringify(id)}${text.slice(end)}`;
}
