import { type Diagnostics, silentDiagnostics } from "../model/diagnostics.js";
import type { Breadcrumb } from "../model/event.js";
import { thrownText } from "../model/messages.js";
import { receivedInstead } from "../process/hook-guard.js";

/**
 * The last breadcrumbs of a scope, oldest first: an immutable view on an array that its newest owner appends to.
 * Taking one along costs nothing, adding to it costs one `push`; only a fork that adds on its own copies.
 */
export interface BreadcrumbList {
  readonly items: readonly Breadcrumb[];
  readonly start: number;
  readonly end: number;
  /** What it weighs in memory, about: what stands in `data` is not measured but estimated. */
  readonly bytes: number;
}

/** What happens to a breadcrumb on its way into a scope: a client's hook and its `maxBreadcrumbs`. */
export interface BreadcrumbPolicy {
  readonly max: number;
  /** `null` drops the crumb; so does throwing. */
  prepare(crumb: Breadcrumb): Breadcrumb | null;
  /** Told of each crumb that is kept, as it is kept. */
  onKept?(crumb: Breadcrumb): void;
  /** Called when a setter is used on a scope whose request has ended. */
  onEnded?(): void;
}

/** The policy of a client. A hook that throws or returns anything but a crumb, a promise too, drops it. */
export function breadcrumbPolicy(
  max: number,
  hook: ((crumb: Breadcrumb) => Breadcrumb | null) | undefined,
  diagnostics: Diagnostics = silentDiagnostics,
  onKept?: (crumb: Breadcrumb) => void,
): BreadcrumbPolicy {
  const onEnded = (): void => diagnostics.debug("request-ended");
  if (hook === undefined) return { max, prepare: (crumb) => crumb, onKept, onEnded };
  return {
    max,
    onKept,
    onEnded,
    prepare(crumb) {
      try {
        const prepared = hook(crumb);
        if (prepared === null) return null;
        const received = receivedInstead(prepared);
        if (received === undefined) return prepared;
        diagnostics.warn("hook-returned", "beforeBreadcrumb", received, "breadcrumb");
      } catch (error) {
        diagnostics.warn("hook-threw", "beforeBreadcrumb", thrownText(error), "breadcrumb");
      }
      return null;
    },
  };
}

/** No breadcrumbs. */
export const EMPTY_TRAIL: BreadcrumbList = {
  items: Object.freeze([]) as unknown as Breadcrumb[],
  start: 0,
  end: 0,
  bytes: 0,
};

/** A trail with one more crumb, of which the last `max` are kept. */
export function append(trail: BreadcrumbList, crumb: Breadcrumb, max: number): BreadcrumbList {
  if (max <= 0) return EMPTY_TRAIL;
  const items = trail.items as Breadcrumb[];
  const isNewest = items.length === trail.end && !Object.isFrozen(items);
  if (!isNewest || trail.end >= 2 * max + 16) {
    const kept = items.slice(Math.max(trail.start, trail.end - max + 1), trail.end);
    kept.push(crumb);
    return trailOf(kept);
  }
  items.push(crumb);
  const end = trail.end + 1;
  const start = Math.max(trail.start, end - max);
  let bytes = trail.bytes + crumbBytes(crumb);
  for (let left = trail.start; left < start; left++) bytes -= crumbBytes(items[left]!);
  return { items, start, end, bytes };
}

/** A trail of these crumbs, oldest first. */
export function trailOf(items: readonly Breadcrumb[]): BreadcrumbList {
  const bytes = items.reduce((sum, crumb) => sum + crumbBytes(crumb), 0);
  return { items, start: 0, end: items.length, bytes };
}

function crumbBytes({ message, data }: Breadcrumb): number {
  return 128 + (message?.length ?? 0) + (data === undefined ? 0 : DATA_BYTES);
}

/** Data of the crumbs that are made all the time, such as those of HTTP requests, is about this large. */
const DATA_BYTES = 512;

/** The crumbs of a trail as an array of its own. */
export function crumbsOf(trail: BreadcrumbList): Breadcrumb[] {
  return trail.items.slice(trail.start, trail.end);
}
