import type { ExceptionNode } from "./capture/cause-tree.js";
import type { MessageText, Snapshot } from "./capture/snapshot.js";
import { linesOf, type StackText } from "./capture/stack.js";
import type { Event, Exception, Frame, Json, LogEntry, Mechanism } from "./event.js";
import { type FrameOptions, framesFromLines } from "./stacktrace/frames.js";

/** Makes an event of what was captured: exceptions with frames, or a message. Scopes come later, in `enrich`. */
export function assemble(snapshot: Snapshot, options: FrameOptions): Event {
  const event: Event = {
    ...snapshot.event,
    event_id: snapshot.id,
    timestamp: snapshot.event?.timestamp ?? snapshot.timestamp,
    platform: "node",
  };
  if (snapshot.message !== undefined) event.logentry = logEntry(snapshot.message);
  if (snapshot.exceptions.length > 0) {
    // The wire wants the innermost cause first and the caught error last.
    event.exception = {
      values: snapshot.exceptions.map((node) => exception(node, snapshot, options)).reverse(),
    };
    event.contexts = { ...event.contexts, ...ownContexts(snapshot.exceptions) };
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
  return {
    ...(isRoot ? { type: "generic", handled: true } : { type: "chained" }),
    ...given,
    ...(isTree ? { exception_id: node.id } : {}),
    ...(node.parentId === undefined ? {} : { parent_id: node.parentId }),
    ...(node.source === undefined ? {} : { source: node.source }),
    ...(node.isGroup ? { is_exception_group: true } : {}),
    ...(node.isThrownValue && fromSite ? { synthetic: true } : {}),
    ...(fromSite ? { data: { ...given?.data, stack: "capture_site" } } : {}),
    ...(node.meta === undefined ? {} : { meta: node.meta }),
  };
}

/** What the application put on its errors, as one context each, named after the error. */
function ownContexts(nodes: readonly ExceptionNode[]): Record<string, Record<string, Json>> {
  const contexts: Record<string, Record<string, Json>> = {};
  for (const { type, own } of nodes) {
    if (own === undefined) continue;
    let name = type;
    for (let n = 2; name in contexts; n++) name = `${type} (${n})`;
    contexts[name] = { ...own };
  }
  return contexts;
}

function framesOf(stack: StackText, options: FrameOptions): Frame[] {
  return framesFromLines(linesOf(stack), options);
}

function logEntry({ formatted, template, params }: MessageText): LogEntry {
  return template === undefined
    ? { formatted }
    : { formatted, message: template, params: [...(params ?? [])] };
}
