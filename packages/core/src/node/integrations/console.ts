import type { Integration } from "../../client/integration.js";
import { requestScope } from "../../context/current.js";
import type { Level } from "../../model/event.js";
import { dataProperty, isError } from "../../process/foreign.js";
import { cleanText, type NormaliseLimits, normalise } from "../../process/normalise.js";
import { leaveSeenStep } from "./seen-step.js";
import { joinHook } from "./shared-hook.js";

/** Receives what is written to the console. */
type ConsoleListener = (level: Level, values: readonly unknown[]) => void;

/** All output of `console` goes through these; `trace` is left alone, as it shows the stack of its own call. */
const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warning", error: "error" } as const;
type Method = keyof typeof LEVELS;

/**
 * `Console`: what the application writes to the console becomes breadcrumbs, as short text. The output stays as it
 * is. Consoles that the application makes for itself are not watched.
 */
export function consoleIntegration(): Integration {
  return {
    name: "Console",
    setup: (client) => joinHook("console", client, leaveCrumb, watchConsole),
  };
}

function watchConsole(listening: () => ConsoleListener | undefined): () => void {
  const undo = (Object.keys(LEVELS) as Method[]).map((method) => watchMethod(method, listening));
  return () => {
    for (const restore of undo) restore();
  };
}

function watchMethod(method: Method, listening: () => ConsoleListener | undefined): () => void {
  const target = console;
  const original = target[method];
  let isActive = true;
  const watched = function (this: unknown, ...values: unknown[]): unknown {
    if (isActive) tell(listening, LEVELS[method], values);
    return Reflect.apply(original, this, values);
  };
  for (const key of ["name", "length"] as const)
    Object.defineProperty(watched, key, { value: original[key], configurable: true });
  target[method] = watched;
  return () => {
    isActive = false;
    // A later patch still calls this one, and must go on reaching the console.
    if (target[method] === watched) target[method] = original;
  };
}

function tell(listening: () => ConsoleListener | undefined, level: Level, values: readonly unknown[]): void {
  try {
    listening()?.(level, values);
  } catch {
    // The line that is written matters more.
  }
}

function leaveCrumb(level: Level, values: readonly unknown[]): void {
  leaveSeenStep(requestScope(), { category: "console", level, message: consoleText(values) });
}

const LONGEST_MESSAGE = 1024;
const MOST_VALUES = 10;
const VALUE_LIMITS: NormaliseLimits = { depth: 2, breadth: 10, stringLength: 256, totalBytes: 512 };

/** About what the console shows, but short, and without running any code of the values. */
function consoleText(values: readonly unknown[]): string {
  const [template, ...texts] = values.slice(0, MOST_VALUES).map(valueText);
  if (typeof values[0] !== "string" || texts.length === 0)
    return cleanText([template, ...texts].join(" "), LONGEST_MESSAGE);
  let used = 0;
  const filled = template!.replace(/%[%sdifjoOc]/g, (mark) => {
    if (mark === "%%") return "%";
    if (used >= texts.length) return mark;
    const text = texts[used++]!;
    return mark === "%c" ? "" : text;
  });
  return cleanText([filled, ...texts.slice(used)].join(" "), LONGEST_MESSAGE);
}

function valueText(value: unknown): string {
  if (typeof value === "string") return cleanText(value, LONGEST_MESSAGE);
  if (typeof value === "object" && value !== null && isError(value))
    return `${cleanText(dataProperty(value, "name"), 128)}: ${cleanText(dataProperty(value, "message"), 512)}`;
  const json = normalise(value, VALUE_LIMITS);
  return typeof json === "string" ? json : JSON.stringify(json);
}
