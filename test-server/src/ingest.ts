import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { readCredentials } from "./auth.js";
import { decodeBody } from "./body.js";
import { counted } from "./counted.js";
import { decodeUtf8, type EnvelopeItem, parseJson, readEnvelope } from "./envelope-reader.js";
import { checkItemCounts, checkItemSizes, KNOWN_ITEMS, type Limits } from "./limits.js";
import { type EventPayload, isObject } from "./payload.js";
import { problemsOfEvent, tooDeep } from "./payload-rules.js";
import { Refusal } from "./refusal.js";
import { problemsOfReport } from "./report-rules.js";
import { schemaErrors } from "./schema.js";
import type {
  ClientReport,
  Problem,
  ProblemKind,
  ReceivedAttachment,
  ReceivedEvent,
  Store,
} from "./store.js";

/** A request to the ingest endpoints, its body read but not decoded. */
export interface Arrival {
  readonly endpoint: "envelope" | "store";
  readonly project: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly requestIndex: number;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
}

/** How strict the door is. */
export interface IngestRules {
  readonly limits: Limits;
  /** Refuse events that fail the schema, instead of noting it. */
  readonly strict: boolean;
}

/** What came of an arrival: everything in it, not yet kept. */
interface Intake {
  event?: { readonly received: ReceivedEvent; readonly bytes: number };
  readonly reports: ClientReport[];
  readonly others: EnvelopeItem[];
  readonly problems: Problem[];
}

/**
 * Takes a request in as the protocol says: all of it is kept, or none.
 *
 * @returns the event's id, `undefined` when there was no event
 * @throws {Refusal} with the status to answer
 */
export async function ingest(
  arrival: Arrival,
  rules: IngestRules,
  store: Store,
): Promise<string | undefined> {
  const body = await decodeBody(
    arrival.body,
    arrival.headers["content-encoding"],
    rules.limits.envelopeBytes,
  );
  const intake =
    arrival.endpoint === "envelope" ? takeEnvelope(body, arrival, rules) : takeStore(body, arrival, rules);
  noteEncoding(arrival, intake);

  const { project, requestIndex } = arrival;
  for (const problem of intake.problems) store.addProblem(problem);
  for (const report of intake.reports) store.addReport(report);
  for (const { type, header, payload } of intake.others) {
    // A copy: a view would keep the whole request's bytes alive.
    store.addItem({ type, header, payload: Buffer.from(payload), project, requestIndex });
  }
  if (intake.event !== undefined) store.addEvent(intake.event.received, intake.event.bytes);
  return intake.event?.received.id;
}

function takeEnvelope(body: Buffer, arrival: Arrival, rules: IngestRules): Intake {
  const envelope = readEnvelope(body);
  const credentials = readCredentials(
    arrival.headers,
    arrival.query,
    arrival.project,
    envelope.header["dsn"],
  );
  const intake: Intake = { reports: [], others: [], problems: [] };
  note(intake, "auth", credentials.notes);
  note(intake, "envelope", envelope.notes);
  note(intake, "envelope", notesOnHeader(envelope.header));
  checkItemCounts(envelope.items);
  note(intake, "size", checkItemSizes(envelope.items, rules.limits));

  const attachments: ReceivedAttachment[] = [];
  let eventItem: EnvelopeItem | undefined;
  for (const item of envelope.items) {
    if (item.type === "event") eventItem = item;
    else if (item.type === "attachment") attachments.push(attachmentFrom(item, intake));
    else if (item.type === "client_report") takeReport(item, arrival, intake);
    else {
      if (!KNOWN_ITEMS.has(item.type))
        note(intake, "unknown-item", [`item type ${JSON.stringify(item.type)}`]);
      intake.others.push(item);
    }
  }
  if (eventItem !== undefined) {
    const id = checkedId(envelope.header["event_id"], "the envelope header");
    takeEvent(eventItem.payload, id, { header: envelope.header, attachments }, arrival, rules, intake);
  } else if (attachments.length > 0) {
    note(intake, "envelope", [`${counted(attachments.length, "attachment")} without an event: not kept`]);
  }
  return intake;
}

function takeStore(body: Buffer, arrival: Arrival, rules: IngestRules): Intake {
  const credentials = readCredentials(arrival.headers, arrival.query, arrival.project);
  const intake: Intake = { reports: [], others: [], problems: [] };
  note(intake, "auth", credentials.notes);
  if (body.length > rules.limits.eventBytes) {
    throw new Refusal(413, `the event is ${body.length} bytes long, more than ${rules.limits.eventBytes}`);
  }
  takeEvent(body, undefined, { header: {}, attachments: [] }, arrival, rules, intake);
  return intake;
}

function takeEvent(
  payload: Buffer,
  headerId: string | undefined,
  rest: { header: Readonly<Record<string, unknown>>; attachments: readonly ReceivedAttachment[] },
  arrival: Arrival,
  rules: IngestRules,
  intake: Intake,
): void {
  const text = decodeUtf8(payload, 0, "the event");
  const event = parseJson(text, 0, "the event");
  if (!isObject(event)) throw new Refusal(400, "the event must be a JSON object");
  if (tooDeep(event)) throw new Refusal(400, "the event is nested deeper than 128 levels");

  const id = headerId ?? idOfPayload(event);
  const found = problemsOfEvent(event, text, { headerId, arrivedAt: arrival.receivedAt });
  const schema = schemaErrors(event).map((detail) => ({ kind: "schema" as const, detail }));
  if (rules.strict && schema.length > 0)
    throw new Refusal(400, `the event fails the schema: ${schema[0]!.detail}`);
  for (const problem of [...found, ...schema]) intake.problems.push({ ...problem, eventId: id });

  const received: ReceivedEvent = {
    id,
    event: event as EventPayload,
    project: arrival.project,
    envelopeHeader: rest.header,
    attachments: rest.attachments,
    via: arrival.endpoint,
    receivedAt: arrival.receivedAt,
    requestIndex: arrival.requestIndex,
  };
  const bytes = rest.attachments.reduce((sum, { data }) => sum + data.length, payload.length);
  intake.event = { received, bytes };
}

function takeReport(item: EnvelopeItem, arrival: Arrival, intake: Intake): void {
  const report = parseJson(decodeUtf8(item.payload, 0, "the client report"), 0, "the client report");
  const { problems, discarded } = problemsOfReport(report);
  note(intake, "client-report", problems);
  const timestamp = isObject(report) ? report["timestamp"] : undefined;
  intake.reports.push({
    ...(typeof timestamp === "number" || typeof timestamp === "string" ? { timestamp } : {}),
    discarded_events: discarded,
    project: arrival.project,
    receivedAt: arrival.receivedAt,
    requestIndex: arrival.requestIndex,
  });
}

function attachmentFrom({ header, payload }: EnvelopeItem, intake: Intake): ReceivedAttachment {
  const { filename, content_type: contentType, attachment_type: attachmentType } = header;
  if (typeof filename !== "string" || filename === "")
    note(intake, "envelope", ['an attachment has no "filename"']);
  else if (/[/\\]/.test(filename))
    note(intake, "envelope", [`an attachment's name holds a path: ${filename}`]);
  return {
    filename: typeof filename === "string" ? filename : "",
    contentType: typeof contentType === "string" ? contentType : "application/octet-stream",
    attachmentType: typeof attachmentType === "string" ? attachmentType : "event.attachment",
    data: Buffer.from(payload),
  };
}

function notesOnHeader(header: Readonly<Record<string, unknown>>): string[] {
  const notes: string[] = [];
  const { sent_at: sentAt, sdk, dsn } = header;
  if (typeof sentAt !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/.test(sentAt)) {
    notes.push(
      `"sent_at" of the envelope header must be RFC 3339 in UTC, is ${JSON.stringify(sentAt) ?? "missing"}`,
    );
  }
  if (!isObject(sdk) || typeof sdk["name"] !== "string" || typeof sdk["version"] !== "string") {
    notes.push('"sdk" of the envelope header must be { name, version }');
  }
  if (typeof dsn === "string" && URL.canParse(dsn) && new URL(dsn).password !== "") {
    notes.push('"dsn" of the envelope header holds a secret');
  }
  return notes;
}

function noteEncoding({ headers }: Arrival, intake: Intake): void {
  if (headers["content-encoding"]?.toLowerCase() === "deflate") {
    note(intake, "request", ["content-encoding deflate: receivers disagree on its form; use gzip"]);
  }
  if (headers["user-agent"] === undefined) note(intake, "request", ["user-agent is missing"]);
  if (headers["content-type"] === undefined) note(intake, "request", ["content-type is missing"]);
}

const ID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

function checkedId(id: unknown, where: string): string {
  if (typeof id === "string" && ID.test(id)) return id.replaceAll("-", "").toLowerCase();
  throw new Refusal(
    400,
    `"event_id" of ${where} must be 32 hex digits, is ${JSON.stringify(id) ?? "missing"}`,
  );
}

function idOfPayload(event: Readonly<Record<string, unknown>>): string {
  const id = event["event_id"];
  return id === undefined || id === null ? randomUUID().replaceAll("-", "") : checkedId(id, "the event");
}

function note(intake: Intake, kind: ProblemKind, details: readonly string[]): void {
  for (const detail of details) intake.problems.push({ kind, detail });
}
