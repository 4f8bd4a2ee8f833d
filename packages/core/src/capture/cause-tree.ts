import type { Json, Mechanism } from "../model/event.js";
import { className, isList, isObject, read, readText } from "../model/safe-read.js";
import { createNormaliser } from "../process/normalise.js";
import {
  type CaptureLimits,
  type ExceptionText,
  isErrorLike,
  ownProperties,
  readException,
} from "./exception-text.js";

/** One exception of a tree, and where in the tree it hangs. */
export interface ExceptionNode extends ExceptionText {
  /** The caught error is 0, the others follow in the order they are found. */
  readonly id: number;
  readonly parentId?: number;
  /** The property it was found in: `cause`, `errors[0]`, `error`, `suppressed`. */
  readonly source?: string;
  /** Holds several others, like an `AggregateError`. */
  readonly isGroup?: boolean;
  /** How many of its causes were too many to be read. */
  readonly causesLeftOut?: number;
  readonly meta?: Mechanism["meta"];
}

/** All exceptions of one failure: as text, and the error objects themselves, to be recognised again. */
export interface CauseTree {
  /** The caught error first. */
  readonly nodes: readonly ExceptionNode[];
  /** The caught error first, where it is an object; each once. */
  readonly objects: readonly object[];
}

/**
 * The caught error and everything it names as its cause, the caught one first: `cause` chains, the members of an
 * `AggregateError`, both sides of a `SuppressedError`. Cycles and shared causes appear once; at most
 * `limits.causes` causes are read, nearest first.
 */
export function readCauseTree(root: unknown, head: ExceptionText, limits: CaptureLimits): CauseTree {
  const causes = head.isThrownValue ? NO_CAUSES : causesOf(root, limits.causes);
  return causes === NO_CAUSES ? loneError(root, head, limits) : treeOf(root, head, causes, limits);
}

/** Most errors have no cause, and are done with at once: this is what every one of a storm of errors pays. */
function loneError(root: unknown, head: ExceptionText, limits: CaptureLimits): CauseTree {
  const own = head.own ?? ownOf(root, NOTHING_TOLD, ownCopier(limits));
  const node = nodeOf({ value: root }, 0, head, own, false);
  return { nodes: [node], objects: isObject(root) ? [root] : [] };
}

function treeOf(root: unknown, head: ExceptionText, rootCauses: Causes, limits: CaptureLimits): CauseTree {
  const nodes: ExceptionNode[] = [];
  const seen = new Set<object>();
  const copyOwn = ownCopier(limits);
  const leftOut = new Map<number, number>();
  const waiting: Waiting[] = [{ value: root }];

  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { value, parentId } = next;
    if (isObject(value) && seen.has(value)) continue;
    if (nodes.length > limits.causes) {
      leftOut.set(parentId!, (leftOut.get(parentId!) ?? 0) + 1);
      continue;
    }
    if (isObject(value)) seen.add(value);
    const id = nodes.length;
    const text = id === 0 ? head : readException(value, limits);
    const { causes, group, more } = id === 0 ? rootCauses : causesOf(value, limits.causes);
    if (more > 0) leftOut.set(id, more);
    const own = text.own ?? ownOf(value, new Set(causes.map(propertyOf)), copyOwn);
    nodes.push(nodeOf(next, id, text, own, group));
    for (const cause of causes) waiting.push({ ...cause, parentId: id });
  }
  const objects = [...seen];
  if (leftOut.size === 0) return { nodes, objects };
  return { nodes: nodes.map((node) => withLeftOut(node, leftOut.get(node.id))), objects };
}

/** All nodes have one shape, which is what makes thousands of them quick to make and to read. */
function nodeOf(
  { value, parentId, source }: Waiting,
  id: number,
  { type, value: message, stack, isThrownValue }: ExceptionText,
  own: ExceptionText["own"],
  isGroup: boolean,
): ExceptionNode {
  return {
    type,
    value: message,
    stack,
    isThrownValue,
    id,
    own,
    parentId,
    source,
    isGroup: isGroup || undefined,
    meta: systemCodes(value),
  };
}

function ownOf(
  value: unknown,
  told: ReadonlySet<string>,
  copy: (value: unknown) => Json,
): ExceptionText["own"] {
  return isErrorLike(value) ? ownProperties(value, told, copy) : undefined;
}

/** Copies own properties of all errors of one tree, within one bound for all of them together. */
function ownCopier(limits: CaptureLimits): (value: unknown) => Json {
  let normaliser: ((value: unknown) => Json) | undefined;
  return (value) => {
    normaliser ??= createNormaliser({ ...limits, depth: Math.min(limits.depth, OWN_DEPTH), dataOnly: true });
    return normaliser(value);
  };
}

/** Levels of an error's own properties that are read. */
const OWN_DEPTH = 4;
/** The index in `errors[3]`. */
const MEMBER = /\[\d+\]$/;

const NOTHING_TOLD: ReadonlySet<string> = new Set();

function propertyOf({ source }: { readonly source: string }): string {
  return source.replace(MEMBER, "");
}

interface Waiting {
  readonly value: unknown;
  readonly parentId?: number;
  readonly source?: string;
}

function withLeftOut(node: ExceptionNode, count: number | undefined): ExceptionNode {
  return count === undefined ? node : { ...node, causesLeftOut: count };
}

/** The errors an error object names directly. */
interface Causes {
  readonly causes: readonly { readonly value: unknown; readonly source: string }[];
  /** They stand beside each other, as in an `AggregateError`. */
  readonly group: boolean;
  /** Further members, beyond `limit`. */
  readonly more: number;
}

const NO_CAUSES: Causes = { causes: [], group: false, more: 0 };

function causesOf(error: unknown, limit: number): Causes {
  if (!isErrorLike(error) || !mayHaveCauses(error)) return NO_CAUSES;
  const chain = CHAINS.map((source) => ({ value: read(error, source), source })).filter(
    ({ value, source }) => (source === "cause" ? value !== undefined && value !== null : isErrorLike(value)),
  );
  const sides = SIDES.map((source) => ({ value: read(error, source), source }));
  const isSuppressed = nameOf(error) === "SuppressedError" || sides.every(({ value }) => isErrorLike(value));
  const members = membersOf(error, limit);
  const beside = [
    ...(isSuppressed ? sides.filter(({ value }) => value !== undefined) : []),
    ...members.causes,
  ];
  return { causes: [...chain, ...beside], group: beside.length > 0, more: members.more };
}

/** How an error names the one behind it: the language's way, and that of libraries older than it. */
const CHAINS = ["cause", "originalError"];
/** How a `SuppressedError` names the error it tells of, and the one that this one suppressed. */
const SIDES = ["error", "suppressed"];

/** Most errors have none of these, and are done with after one look. Written out, because this is the quick way. */
export function mayHaveCauses(value: object): boolean {
  try {
    const { cause, originalError, error, suppressed, errors } = value as Readonly<Record<string, unknown>>;
    const isChained = cause !== undefined || originalError !== undefined;
    return isChained || error !== undefined || suppressed !== undefined || errors !== undefined;
  } catch {
    return true; // One getter throws; the others may have something to tell.
  }
}

/** Members of `errors`: whatever an `AggregateError` holds; elsewhere only a list of nothing but errors. */
function membersOf(error: object, limit: number): Pick<Causes, "causes" | "more"> {
  const members = read(error, "errors");
  if (!isList(members)) return NO_CAUSES;
  const length = Number(read(members, "length")) || 0;
  const first = Array.from({ length: Math.min(length, limit) }, (_, index) => ({
    value: read(members, index),
    source: `errors[${index}]`,
  }));
  const areErrors = nameOf(error) === "AggregateError" || first.every(({ value }) => isErrorLike(value));
  return areErrors ? { causes: first, more: length - first.length } : NO_CAUSES;
}

function nameOf(error: object): string | undefined {
  const name = readText(error, "name");
  return name === undefined || name === "Error" ? className(error) : name;
}

/** What the operating system said. Databases number their errors too, hence the `syscall`. */
function systemCodes(error: unknown): Mechanism["meta"] | undefined {
  if (!isErrorLike(error) || readText(error, "syscall") === undefined) return undefined;
  const errno = read(error, "errno");
  const code = readText(error, "code");
  if (!Number.isSafeInteger(errno) || code === undefined) return undefined;
  return { errno: { number: errno as number, name: code.slice(0, 64) } };
}
