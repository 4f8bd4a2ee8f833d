import type { ExceptionNode } from "../capture/cause-tree.js";
import type { CaptureContext, HintData, Snapshot } from "../capture/snapshot.js";
import { linesOf, type StackText } from "../capture/stack.js";
import type { HeldAttachment } from "../context/attachments.js";
import { type BreadcrumbList, crumbsOf } from "../context/breadcrumbs.js";
import type { ScopeData } from "../context/scope.js";
import type { Breadcrumb, Event, LogEntry, RequestInfo } from "../model/event.js";
import type { Scrubber } from "../process/scrub.js";
import type { LinkRecord, Tracer } from "../trace/tracer.js";
import { toBase64 } from "./base64.js";

/** A file as it stands in a record: its data as base64, or what it weighed. */
export interface WrittenAttachment {
  readonly filename: string;
  readonly contentType?: string;
  readonly base64?: string;
  readonly leftBytes?: number;
}

type Plain<T extends { readonly attachments: unknown }> = Partial<Omit<T, "attachments">> & {
  readonly attachments?: readonly WrittenAttachment[];
};

/** What surrounds a capture, as it stands in a record. */
export interface WrittenSurroundings {
  readonly crumbs: readonly Breadcrumb[];
  readonly layers: readonly Plain<Omit<ScopeData, "breadcrumbs" | "passedOn" | "request" | "trace">>[];
  readonly hint?: Plain<HintData>;
  readonly request?: Event["request"];
  readonly transaction?: string;
  readonly link: LinkRecord;
}

/** One exception, as it stands in a record: its stack by its index among the record's stacks. */
export type WrittenException = Omit<ExceptionNode, "stack">;

/** A capture, as it stands in a record. */
export interface WrittenCapture extends WrittenSurroundings {
  /** Seconds since the Unix epoch. */
  readonly at: number;
  /** Frame lines, one list for each exception, then that of the capture's site if there is one. */
  readonly stacks: readonly (readonly string[])[];
  readonly exceptions: readonly WrittenException[];
  readonly message?: LogEntry;
  readonly event?: Snapshot["event"];
}

/** Larger files are left out of what is written while the application waits; the finished event has them. */
const MOST_FILE_BYTES = 256 * 1024;
/** Stacks whose text is remembered: an application fails in some hundred places. */
const MOST_STACKS = 256;
/** Headers that are remembered to hold no secret: most requests say the same in most of them. */
const MOST_HEADERS = 1024;
const LONGEST_HEADER = 512;

/** Writes captures as text, without secrets: the application waits for it, so what is the same again is not made again. */
export class CaptureWriter {
  readonly #scrubber: Scrubber;
  readonly #tracer: Tracer;
  readonly #crumbs = new WeakMap<Breadcrumb, string>();
  readonly #stacks = new Map<string, string>();
  readonly #innocentHeaders = new Set<string>();

  constructor(scrubber: Scrubber, tracer: Tracer) {
    this.#scrubber = scrubber;
    this.#tracer = tracer;
  }

  /** A capture as one line of JSON: a {@link WrittenCapture}. */
  capture(snapshot: Snapshot): string {
    const { exceptions, site, message, event, timestamp } = snapshot;
    const stacks = exceptions.map(({ stack }) => this.#stack(stack));
    if (site !== undefined) stacks.push(this.#stack(site));
    const rest = {
      exceptions: exceptions.map((node) => this.#exception(node)),
      message: message && this.#scrubber.logEntry(message),
      event: event && this.#event(event),
    };
    return `{"at":${timestamp},"stacks":[${stacks.join()}],${JSON.stringify(rest).slice(1, -1)},${this.sighting(snapshot).slice(1)}`;
  }

  /** What surrounds a capture as one line of JSON: a {@link WrittenSurroundings}. */
  sighting({ layers, trails, hint, request, transaction, trace }: CaptureContext): string {
    const rest = {
      layers: layers.map((layer) => this.#plain(layer)).filter(isTold),
      hint: this.#plain(hint),
      request: request && this.#request(request),
      transaction: transaction && this.#scrubber.place(transaction),
      link: this.#tracer.record(trace),
    };
    return `{"crumbs":[${trails.flatMap((trail) => this.trail(trail)).join()}],${JSON.stringify(rest).slice(1)}`;
  }

  /** Makes the text of a breadcrumb when it is added, so that a capture only puts texts together. */
  prepare(crumb: Breadcrumb): string {
    let text = this.#crumbs.get(crumb);
    if (text === undefined) {
      text = JSON.stringify(this.#scrubber.breadcrumb(crumb));
      this.#crumbs.set(crumb, text);
    }
    return text;
  }

  /** The texts of breadcrumbs, oldest first. */
  trail(trail: BreadcrumbList): string[] {
    return crumbsOf(trail).map((crumb) => this.prepare(crumb));
  }

  #stack(stack: StackText): string {
    const lines = linesOf(stack);
    if (lines.length === 0) return "[]";
    const key = lines.join("\n");
    let text = this.#stacks.get(key);
    if (text === undefined) {
      text = JSON.stringify(this.#scrubber.place(key).split("\n"));
      if (this.#stacks.size >= MOST_STACKS) this.#stacks.clear();
      this.#stacks.set(key, text);
    }
    return text;
  }

  #exception({ stack: _, value, own, ...node }: ExceptionNode): WrittenException {
    return {
      ...node,
      type: this.#scrubber.place(node.type),
      value: this.#scrubber.text(value),
      ...(own === undefined ? {} : { own: this.#scrubber.own(own, node.type) }),
    };
  }

  /** A request without secrets: only headers that have not been seen to hold none are searched. */
  #request(request: RequestInfo): RequestInfo | undefined {
    const { headers } = request;
    if (headers === undefined) return this.#event({ request }).request;
    const unknown = Object.entries(headers).filter((header) => !this.#innocentHeaders.has(headerKey(header)));
    const told = this.#event({ request: { ...request, headers: Object.fromEntries(unknown) } }).request;
    for (const header of unknown) {
      if (told?.headers?.[header[0]] === header[1]) this.#rememberInnocent(headerKey(header));
    }
    return { ...told, headers: { ...headers, ...told?.headers } };
  }

  #rememberInnocent(header: string): void {
    if (header.length > LONGEST_HEADER) return;
    if (this.#innocentHeaders.size >= MOST_HEADERS) this.#innocentHeaders.clear();
    this.#innocentHeaders.add(header);
  }

  /** Scope or hint without what is no data, or `undefined` when nothing is left. */
  #plain(given: ScopeData | HintData): Plain<ScopeData & HintData> | undefined {
    const { level, logger, mechanism, attachments } = given as HintData;
    const { tags, extra, contexts, user, fingerprint, transaction } = given;
    const data = {
      ...(isFilled(tags) ? { tags } : {}),
      ...(isFilled(extra) ? { extra } : {}),
      ...(isFilled(contexts) ? { contexts } : {}),
      ...(user === undefined ? {} : { user }),
      ...(fingerprint === undefined ? {} : { fingerprint: fingerprint as string[] }),
      ...(transaction === undefined ? {} : { transaction }),
      ...(level === undefined ? {} : { level }),
      ...(logger === undefined ? {} : { logger }),
    };
    const told = isFilled(data) ? this.#event(data) : data;
    const files = attachments.length === 0 ? undefined : attachments.map(writtenAttachment);
    const how = mechanism && this.#scrubber.mechanism(mechanism);
    if (!isFilled(told) && files === undefined && how === undefined) return undefined;
    return { ...told, mechanism: how, attachments: files } as Plain<ScopeData & HintData>;
  }

  #event<T extends Partial<Event>>(part: T): T {
    return this.#scrubber.event(part as unknown as Event) as unknown as T;
  }
}

/** No other name and value have the same. */
function headerKey([name, value]: readonly [string, string]): string {
  return `${name.length}:${name}${value}`;
}

function isTold<T>(part: T | undefined): part is T {
  return part !== undefined;
}

function isFilled(record: object): boolean {
  for (const _ in record) return true;
  return false;
}

function writtenAttachment({ filename, contentType, data, leftBytes }: HeldAttachment): WrittenAttachment {
  const described = { filename, contentType };
  if (leftBytes !== undefined) return { ...described, leftBytes };
  if (data.length > MOST_FILE_BYTES) return { ...described, leftBytes: data.length };
  return { ...described, base64: toBase64(data) };
}
