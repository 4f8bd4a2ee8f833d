import type { Mechanism } from "../event.js";
import {
  type CaptureLimits,
  type ExceptionText,
  isErrorLike,
  ownProperties,
  readException,
} from "./exception-text.js";
import { isObject, read } from "./safe-read.js";

/** One exception of a tree, and where in the tree it hangs. */
export interface ExceptionNode extends ExceptionText {
  /** The caught error is 0, the others follow in the order they are found. */
  readonly id: number;
  readonly parentId?: number;
  /** The property it was found in: `cause`, `errors[0]`, `error`, `suppressed`. */
  readonly source?: string;
  /** Holds several others, like an `AggregateError`. */
  readonly isGroup?: boolean;
  readonly meta?: Mechanism["meta"];
}

/** All exceptions of one failure: as text, and the error objects themselves, to be recognised again. */
export interface CauseTree {
  /** The caught error first. */
  readonly nodes: readonly ExceptionNode[];
  /** The caught error first, where it is an object. */
  readonly objects: ReadonlySet<object>;
}

/**
 * The caught error and everything it names as its cause, the caught one first: `cause` chains, the members of an
 * `AggregateError`, both sides of a `SuppressedError`. Cycles and shared causes appear once; at most
 * `limits.causes` causes are read, nearest first.
 */
export function readCauseTree(root: unknown, head: ExceptionText, limits: CaptureLimits): CauseTree {
  const nodes: ExceptionNode[] = [];
  const seen = new Set<object>();
  const waiting: { value: unknown; parentId?: number; source?: string }[] = [{ value: root }];

  for (
    let next = waiting.shift();
    next !== undefined && nodes.length <= limits.causes;
    next = waiting.shift()
  ) {
    const { value, parentId, source } = next;
    if (isObject(value)) {
      if (seen.has(value)) continue;
      seen.add(value);
    }
    const id = nodes.length;
    const text = id === 0 ? head : readException(value, limits);
    const causes = causesOf(value, limits.causes);
    const own = text.own ?? ownProperties(value, limits);
    const meta = systemCodes(value);
    nodes.push({
      ...text,
      id,
      ...(own === undefined ? {} : { own }),
      ...(parentId === undefined ? {} : { parentId }),
      ...(source === undefined ? {} : { source }),
      ...(causes.some((cause) => cause.source !== "cause") ? { isGroup: true } : {}),
      ...(meta === undefined ? {} : { meta }),
    });
    for (const cause of causes) waiting.push({ ...cause, parentId: id });
  }
  return { nodes, objects: seen };
}

/** The errors an error object names directly. */
function causesOf(error: unknown, limit: number): { value: unknown; source: string }[] {
  if (!isErrorLike(error)) return [];
  const causes: { value: unknown; source: string }[] = [];
  const cause = read(error, "cause");
  if (cause !== undefined && cause !== null) causes.push({ value: cause, source: "cause" });
  for (const property of ["error", "suppressed"]) {
    const value = read(error, "suppressed") === undefined ? undefined : read(error, property);
    if (value !== undefined && value !== null) causes.push({ value, source: property });
  }
  const members = read(error, "errors");
  if (isArray(members)) {
    const length = Number(read(members, "length")) || 0;
    for (let index = 0; index < Math.min(length, limit); index++) {
      const value = read(members, index);
      if (isErrorLike(value) || typeof value === "string") causes.push({ value, source: `errors[${index}]` });
    }
  }
  return causes;
}

/** `Array.isArray` throws on a revoked proxy. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function systemCodes(error: unknown): Mechanism["meta"] | undefined {
  if (!isErrorLike(error)) return undefined;
  const errno = read(error, "errno");
  const code = read(error, "code");
  if (typeof errno !== "number" || typeof code !== "string") return undefined;
  return { errno: { number: errno, name: code.slice(0, 64) } };
}
