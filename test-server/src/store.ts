import type { EventPayload } from "./payload.js";

/** A file that came with an event. */
export interface ReceivedAttachment {
  readonly filename: string;
  readonly contentType: string;
  readonly attachmentType: string;
  readonly data: Buffer;
}

/** One event, as it came. */
export interface ReceivedEvent {
  /** 32 lower-case hex digits, from the envelope's header. */
  readonly id: string;
  readonly event: EventPayload;
  readonly project: string;
  /** Empty for the legacy endpoint. */
  readonly envelopeHeader: Readonly<Record<string, unknown>>;
  readonly attachments: readonly ReceivedAttachment[];
  readonly via: "envelope" | "store";
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** Which request brought it: {@link ReceivedRequest.index}; -1 when it was read from the file. */
  readonly requestIndex: number;
}

/** What a client says it dropped. */
export interface ClientReport {
  readonly timestamp?: number | string;
  readonly discarded_events: readonly {
    readonly reason: string;
    readonly category: string;
    readonly quantity: number;
  }[];
  readonly project: string;
  readonly receivedAt: number;
  readonly requestIndex: number;
}

/** An item of a kind the server accepts but makes nothing of: sessions, check-ins, logs, unknown ones. */
export interface OtherItem {
  readonly type: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Buffer;
  readonly project: string;
  readonly requestIndex: number;
}

/** What a problem is about. */
export type ProblemKind =
  | "refused"
  | "auth"
  | "request"
  | "envelope"
  | "unknown-item"
  | "schema"
  | "text"
  | "size"
  | "field"
  | "tag"
  | "exception"
  | "frame"
  | "client-report"
  | "file";

/** Something that a stricter receiver would refuse, cut or lose; or, as `refused`, that this one did. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly detail: string;
  readonly eventId?: string;
}

/** How much is kept; the oldest goes first. */
export interface StoreLimits {
  readonly events: number;
  readonly bytes: number;
}

/** What has arrived and is kept. */
export interface Store {
  /** @returns `false` when an event of that project and id was known already: it is counted and not kept again */
  addEvent(event: ReceivedEvent, bytes: number): boolean;
  addReport(report: ClientReport): void;
  addItem(item: OtherItem): void;
  addProblem(problem: Problem): void;
  events(): readonly ReceivedEvent[];
  event(id: string): ReceivedEvent | undefined;
  reports(): readonly ClientReport[];
  items(): readonly OtherItem[];
  problems(): readonly Problem[];
  duplicates(): number;
  /** Events that were forgotten to stay within the limits. */
  forgotten(): number;
  onEvent(listener: (event: ReceivedEvent) => void): () => void;
  clear(): void;
}

const LIST_LENGTH = 10_000;
const DETAIL_LENGTH = 1000;

/** Makes an empty store. */
export function createStore(limits: StoreLimits): Store {
  const listeners = new Set<(event: ReceivedEvent) => void>();
  let events: ReceivedEvent[] = [];
  let sizes: number[] = [];
  let byKey = new Map<string, ReceivedEvent>();
  let bytes = 0;
  let duplicates = 0;
  let forgotten = 0;
  let reports: ClientReport[] = [];
  let items: OtherItem[] = [];
  let problems: Problem[] = [];

  const forgetOldest = (): void => {
    if (events.length <= limits.events && bytes <= limits.bytes) return;
    // An eighth at a time: moving the whole list for every event would cost more than the events do.
    const most = { events: (limits.events * 7) / 8, bytes: (limits.bytes * 7) / 8 };
    let count = 0;
    while (count < events.length - 1 && (events.length - count > most.events || bytes > most.bytes)) {
      bytes -= sizes[count]!;
      byKey.delete(keyOf(events[count]!));
      count++;
    }
    events = events.slice(count);
    sizes = sizes.slice(count);
    forgotten += count;
  };
  const addProblem = (problem: Problem): void => {
    const detail =
      problem.detail.length > DETAIL_LENGTH ? `${problem.detail.slice(0, DETAIL_LENGTH)}…` : problem.detail;
    push(problems, { ...problem, detail });
  };

  return {
    addEvent(event, size) {
      if (byKey.has(keyOf(event))) {
        duplicates++;
        return false;
      }
      byKey.set(keyOf(event), event);
      events.push(event);
      sizes.push(size);
      bytes += size;
      forgetOldest();
      for (const listener of [...listeners]) {
        try {
          listener(event);
        } catch (error) {
          addProblem({
            kind: "request",
            detail: `a listener of onEvent threw: ${String(error)}`,
            eventId: event.id,
          });
        }
      }
      return true;
    },
    addReport: (report) => push(reports, report),
    addItem: (item) => push(items, item),
    addProblem,
    events: () => [...events],
    event: (id) => events.find((event) => event.id === id),
    reports: () => [...reports],
    items: () => [...items],
    problems: () => [...problems],
    duplicates: () => duplicates,
    forgotten: () => forgotten,
    onEvent(listener) {
      // A wrapper of its own, so that the same function given twice is two subscriptions.
      const entry = (event: ReceivedEvent): void => listener(event);
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
      };
    },
    clear() {
      events = [];
      sizes = [];
      byKey = new Map();
      reports = [];
      items = [];
      problems = [];
      bytes = duplicates = forgotten = 0;
    },
  };
}

function keyOf({ project, id }: ReceivedEvent): string {
  return `${id}/${project}`;
}

function push<T>(list: T[], value: T): void {
  list.push(value);
  if (list.length > LIST_LENGTH) list.splice(0, LIST_LENGTH / 8);
}
