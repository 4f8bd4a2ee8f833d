import type { ErrorClass } from "../client/options.js";
import { isObject } from "../model/safe-read.js";

/**
 * Whether `ignoreErrors` names this failure: a text that is part of `type: message`, an expression that matches it,
 * or a class the error is an instance of. A pattern that fails ignores nothing.
 */
export function isIgnored(
  patterns: readonly (string | RegExp | ErrorClass)[],
  error: unknown,
  type: string,
  message: string,
): boolean {
  if (patterns.length === 0) return false;
  const text = type === "" ? message : `${type}: ${message}`;
  return patterns.some((pattern) => {
    try {
      if (typeof pattern === "string") return pattern !== "" && text.includes(pattern);
      if (typeof pattern === "function") return isObject(error) && error instanceof pattern;
      pattern.lastIndex = 0;
      return pattern.test(text);
    } catch {
      return false;
    }
  });
}
