import type { ExceptionNode } from "../capture/cause-tree.js";
import type { Snapshot } from "../capture/snapshot.js";
import { linesOf, type StackText, unparsedText } from "../capture/stack.js";
import type { Event, Exception, Frame, Json, Mechanism } from "../model/event.js";
import { type FrameOptions, framesFromLines } from "../stacktrace/frames.js";

/** Makes an event of what was captured: exceptions with frames, or a message. Scopes come later, in `enrich`. */
export function assemble(snapshot: Snapshot, options: FrameOptions): Event {
  const event: Event = {
    ...snapshot.event,
    event_id: snapshot.id,
    timestamp: snapshot.event?.timestamp ?? snapshot.timestamp,
    platform: "node",
  };
  if (snapshot.message !== undefined) event.message = snapshot.message.formatted;
  if (snapshot.exceptions.length > 0) {
    // The wire wants the innermost cause first and the caught error last.
    event.exception = {
      values: snapshot.exceptions.map((node) => exception(node, snapshot, options)).reverse(),
    };
    const contexts = ownContexts(snapshot);
    if (contexts !== undefined) event.contexts = contexts;
  } else if (snapshot.site !== undefined) {
    const frames = framesOf(snapshot.site, options);
    if (frames.length > 0)
      event.threads = { values: [{ id: 0, current: true, stacktrace: { frames } as unknown as Json }] };
  }
  return event;
}

function exception(node: ExceptionNode, snapshot: Snapshot, options: FrameOptions): Exception {
  const own = framesOf(node.stack, options);
  const isRoot = node.id === 0;
  const fromSite = own.length === 0 && isRoot && snapshot.site !== undefined;
  const frames = fromSite ? framesOf(snapshot.site!, options) : own;
  return {
    type: node.type,
    value: node.value,
    mechanism: mechanism(node, snapshot, fromSite && frames.length > 0),
    ...(frames.length === 0 ? {} : { stacktrace: { frames } }),
  };
}

function mechanism(node: ExceptionNode, snapshot: Snapshot, fromSite: boolean): Mechanism {
  const isRoot = node.id === 0;
  const given = isRoot ? snapshot.hint.mechanism : undefined;
  const isTree = snapshot.exceptions.length > 1;
  const data = {
    ...given?.data,
    ...(fromSite ? { stack: "capture_site" } : {}),
    ...(node.causesLeftOut === undefined ? {} : { causes_left_out: node.causesLeftOut }),
  };
  return {
    ...(isRoot ? { type: "generic", handled: true } : { type: "chained" }),
    ...given,
    ...(isTree ? { exception_id: node.id } : {}),
    ...(node.parentId === undefined ? {} : { parent_id: node.parentId }),
    ...(node.source === undefined ? {} : { source: node.source }),
    ...(node.isGroup ? { is_exception_group: true } : {}),
    ...(Object.keys(data).length === 0 ? {} : { data }),
    ...(node.meta === undefined ? {} : { meta: node.meta }),
  };
}

/** What the application put on its errors, as one context each, named after the error. */
function ownContexts({ exceptions, hint, layers }: Snapshot): Event["contexts"] {
  const given = [hint.contexts, ...layers.map(({ contexts }) => contexts)];
  const own = new Map<string, Record<string, Json>>();
  const isTaken = (name: string): boolean =>
    own.has(name) || KNOWN_CONTEXTS.has(name) || given.some((contexts) => Object.hasOwn(contexts, name));
  for (const node of exceptions) {
    const stack = unparsedText(node.stack);
    if (node.own === undefined && stack === undefined) continue;
    let name = node.type;
    for (let n = 2; isTaken(name); n++) name = `${node.type} (${n})`;
    own.set(name, { ...node.own, ...(stack === undefined ? {} : { stack }) });
  }
  return own.size === 0 ? undefined : Object.fromEntries(own);
}

/** What servers read as something else. */
const KNOWN_CONTEXTS: ReadonlySet<string> = new Set(
  (
    "app browser client_os cloud_resource culture device feedback flags gpu memory_info monitor os profile related " +
    "repeats replay response runtime state trace"
  ).split(" "),
);

function framesOf(stack: StackText, options: FrameOptions): Frame[] {
  return framesFromLines(linesOf(stack), options);
}
