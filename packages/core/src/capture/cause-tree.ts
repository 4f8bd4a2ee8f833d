import type { Json, Mechanism } from "../model/event.js";
import { className, isList, isObject, read, readText } from "../model/safe-read.js";
import { hasBrand } from "../process/foreign.js";
import { ownKeys } from "../process/normalise/own-keys.js";
import { createNormaliser } from "../process/normalise.js";
import {
  type CaptureLimits,
  carriedError,
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
export function readCauseTree(given: unknown, head: ExceptionText, limits: CaptureLimits): CauseTree {
  const root = carriedError(given);
  const causes = head.isThrownValue ? NO_CAUSES : causesOf(root, limits.causes);
  const tree = causes === NO_CAUSES ? loneError(root, head, limits) : treeOf(root, head, causes, limits);
  return root === given ? tree : { ...tree, objects: [...tree.objects, given as object] };
}

/** Most errors have no cause, and are done with at once: this is what every one of a storm of errors pays. */
function loneError(root: unknown, head: ExceptionText, limits: CaptureLimits): CauseTree {
  const own = head.own ?? ownOf(root, NOTHING_TOLD, ownCopier(limits), head.issues);
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
    const own = text.own ?? ownOf(value, new Set(causes.map(propertyOf)), copyOwn, text.issues);
    nodes.push(nodeOf(next, id, text, own, group));
    for (const cause of causes) waiting.push({ ...cause, parentId: id });
  }
  const objects = [...seen];
  return {
    nodes: nodes.map((node) => withLeftOut(withText(node, nodes), leftOut.get(node.id))),
    objects,
  };
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
  issues: Json | undefined,
): ExceptionText["own"] {
  const own = isErrorLike(value) ? ownProperties(value, told, copy) : undefined;
  return issues === undefined || own?.["issues"] !== undefined ? own : { issues, ...own };
}

/** What the engine writes into every error of its kind. */
const COMMON = /^(?:|All promises were rejected|An error was suppressed during disposal\.?)$/;

/** An error whose message says nothing is known by the first one it names. */
function withText(node: ExceptionNode, nodes: readonly ExceptionNode[]): ExceptionNode {
  if (!COMMON.test(node.value)) return node;
  const [first, ...others] = nodes.filter(({ parentId }) => parentId === node.id);
  if (first === undefined) return node;
  const more = others.length + (node.causesLeftOut ?? 0);
  const text = [node.value.replace(/\.$/, ""), first.type, first.value]
    .filter((part) => part !== "")
    .join(": ");
  return { ...node, value: more === 0 ? text : `${text} (and ${more} more)` };
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
/** The index in `errors[3]`, the path in `errors[address.city]`. */
const MEMBER = /\[.*\]$/;

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
  const chain = [
    { value: causeOf(error), source: "cause" },
    ...CHAINS.map((source) => ({ value: read(error, source), source })),
  ].filter(({ value, source }) => (source === "cause" ? isCause(value) : isErrorLike(value)));
  const sides = SIDES.map((source) => ({ value: read(error, source), source }));
  const isSuppressed = nameOf(error) === "SuppressedError" || sides.every(({ value }) => isErrorLike(value));
  const members = membersOf(error, limit);
  const beside = [
    ...(isSuppressed ? sides.filter(({ value }) => value !== undefined) : []),
    ...members.causes,
  ];
  if (!isSuppressed) chain.push(...sides.filter(({ value }) => isErrorLike(value)));
  return { causes: [...chain, ...beside], group: beside.length > 0, more: members.more };
}

/** `cause`, which is a method in VError (with the error in `jse_cause`) and some others. */
function causeOf(error: object): unknown {
  const cause = read(error, "cause");
  if (typeof cause !== "function" || isErrorLike(read(error, "jse_cause"))) return cause;
  try {
    const returned: unknown = Reflect.apply(cause, error, []);
    return isErrorLike(returned) ? returned : undefined;
  } catch {
    return undefined;
  }
}

function isCause(value: unknown): boolean {
  if (value === undefined || value === null || typeof value === "function") return false;
  if (isErrorLike(value) || !isObject(value) || hasBrand("isProxy", value)) return true;
  return ownKeys(value)?.names.length !== 0;
}

/** How libraries older than `cause` name the error behind theirs. */
const CHAINS = [
  "jse_cause",
  "originalError",
  "original",
  "parent",
  "driverError",
  "inner",
  "innerError",
  "previous",
  "reason",
  "nested",
];
/** The properties of a `SuppressedError`: the later error, and the one it suppressed. */
const SIDES = ["error", "suppressed"];
const NAMES = ["cause", ...CHAINS, ...SIDES, "errors"];

/** Most errors have none of these, and are done with after one look. */
export function mayHaveCauses(value: object): boolean {
  try {
    const error = value as Readonly<Record<string, unknown>>;
    for (const name of NAMES) if (error[name] !== undefined) return true;
    return false;
  } catch {
    return true; // One getter throws; the others may still hold causes.
  }
}

/** Members of `errors`: whatever an `AggregateError` holds; elsewhere only a list of nothing but errors. */
function membersOf(error: object, limit: number): Pick<Causes, "causes" | "more"> {
  const members = read(error, "errors");
  const { length, names } = isList(members) ? listed(members) : named(members);
  if (length === 0) return NO_CAUSES;
  const first = names
    .slice(0, limit)
    .map((name) => ({ value: read(members, name), source: `errors[${name}]` }));
  const areErrors = nameOf(error) === "AggregateError" || first.every(({ value }) => isErrorLike(value));
  return areErrors ? { causes: first, more: length - first.length } : NO_CAUSES;
}

function listed(members: readonly unknown[]): { readonly length: number; readonly names: readonly string[] } {
  const length = Number(read(members, "length")) || 0;
  return { length, names: Array.from({ length: Math.min(length, MOST_MEMBERS) }, (_, index) => `${index}`) };
}

/** Mongoose keeps its errors by the paths they are of. */
function named(members: unknown): { readonly length: number; readonly names: readonly string[] } {
  const names = isObject(members) && !hasBrand("isProxy", members) ? (ownKeys(members)?.names ?? []) : [];
  return { length: names.length, names };
}

/** More members than are ever read. */
const MOST_MEMBERS = 1000;

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
