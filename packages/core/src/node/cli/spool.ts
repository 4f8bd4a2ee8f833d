import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { discardSpool } from "../spool/discard.js";
import { type DrainResult, drainSpool } from "../spool/drain.js";
import { type ListedEvent, listSpool, type SpoolInstance } from "../spool/list.js";
import { readArguments, UsageError } from "./arguments.js";
import { tellDsn } from "./destination.js";
import { counted, createReport, type Finding, plain, type Report } from "./report.js";
import type { ExitCode, World } from "./world.js";

/** What `corvid spool --help` prints. */
export const SPOOL_HELP = `Usage: corvid spool DIR [options]

Shows the events that wait in a spool folder. Raw ones are captures that only the application can make events of, with its
hooks; finished ones can be sent as they are. What a running application has is left to it.

  --drain               send the finished events that ended processes left, and forget those that arrived
  --dsn DSN             where to (default SENTRY_DSN)
  --discard --yes       forget what ended processes left
  --only raw|finished   with --discard: forget nothing else
  --json                one JSON document in place of text
  --help                print this
`;

const OPTIONS = {
  drain: "boolean",
  dsn: "string",
  discard: "boolean",
  yes: "boolean",
  only: "string",
  json: "boolean",
  help: "boolean",
} as const;

/** Events of one instance that text shows; JSON has them all. */
const MOST_SHOWN = 20;

/**
 * `corvid spool`: shows, sends or forgets what waits on disk.
 *
 * @throws {UsageError}
 */
export async function spool(args: readonly string[], world: World): Promise<ExitCode> {
  const { positionals, flags, values } = readArguments(args, OPTIONS, 1);
  const [operand] = positionals;
  const { only } = values;
  if (operand === undefined) throw new UsageError("expected the spool folder: corvid spool DIR");
  if (flags.has("drain") && flags.has("discard"))
    throw new UsageError("expected --drain or --discard, received both");
  if (only !== undefined && only !== "raw" && only !== "finished") {
    throw new UsageError("--only: expected raw or finished, received something else");
  }
  const report = createReport("spool", flags.has("json"), world);
  const dir = resolve(world.cwd, operand);
  if (!isFolder(dir)) {
    report.add({ topic: "spool", state: "problem", text: `${dir}: expected a folder, found none` });
    return report.end("");
  }
  if (flags.has("drain")) return drain(dir, values.dsn, world, report);
  if (flags.has("discard")) return discard(dir, only, flags.has("yes"), report);
  return list(dir, report, flags.has("json") ? () => undefined : world.out.write);
}

async function list(dir: string, report: Report, write: (text: string) => void): Promise<ExitCode> {
  const instances = (await listSpool(dir)).filter((instance) => !isEmptied(instance));
  for (const instance of instances) {
    report.add(instanceFinding(instance));
    for (const event of instance.events.slice(0, MOST_SHOWN)) write(`${plain(eventLine(event))}\n`);
    const more = instance.events.length - MOST_SHOWN;
    if (more > 0) write(`         … and ${more} more\n`);
  }
  const events = instances.flatMap((instance) => instance.events);
  return report.end(
    events.length === 0
      ? "Nothing waits."
      : `${counted(events.length, "event")} ${events.length === 1 ? "waits" : "wait"}.`,
  );
}

/** What is left of one whose events were all taken over. */
function isEmptied({ state, events, unreadable }: SpoolInstance): boolean {
  return (state === "left" || state === "dead") && events.length === 0 && unreadable === 0;
}

/** How to judge an instance, and what to do about it. */
export const EXPLAINED: Readonly<
  Record<SpoolInstance["state"], { state: Finding["state"]; advice?: string }>
> = {
  live: { state: "ok" },
  left: { state: "ok" },
  dead: { state: "ok" },
  newer: { state: "note", advice: "A later version of Corvid wrote it: use that version's command." },
  foreign: { state: "note", advice: "It belongs to another user, or is no folder: it was not looked into." },
  unreadable: { state: "problem", advice: "The system does not let it be read: look at its permissions." },
};

function instanceFinding(instance: SpoolInstance): Finding {
  const { folder, state, bytes, events, unreadable } = instance;
  const raw = events.filter(({ kind }) => kind === "raw").length;
  const captures = events.reduce((sum, event) => sum + event.captures, 0);
  const damaged = unreadable === 0 ? "" : `, ${counted(unreadable, "damaged line")}`;
  return {
    topic: state,
    ...EXPLAINED[state],
    text: `${counted(events.length, "event")} (${raw} raw) for ${counted(captures, "capture")}, ${counted(bytes, "byte")}${damaged}, in ${folder}`,
    details: {
      ...instance,
      begunAt: instance.begunAt ?? null,
      events: events.map((event) => ({ ...event, summary: event.summary ?? null })),
    },
  };
}

function eventLine({ id, kind, captures, at, summary = "" }: ListedEvent): string {
  return `         ${timeText(at)} ${kind.padEnd(8)} ×${captures} ${id} ${summary}`.trimEnd();
}

async function drain(
  dir: string,
  given: string | undefined,
  world: World,
  report: Report,
): Promise<ExitCode> {
  const text = given ?? world.env["SENTRY_DSN"] ?? "";
  const dsn = tellDsn(text, given === undefined ? "SENTRY_DSN" : "--dsn", report);
  if (dsn === undefined) return report.end("");

  const stop = new AbortController();
  world.onInterrupt?.(() => stop.abort());
  const { err } = world;
  const result = await drainSpool(dir, {
    dsn: text,
    signal: stop.signal,
    ...(err.isTerminal ? { onProgress: ({ delivered }) => err.write(`\r${delivered} sent`) } : {}),
  });
  if (err.isTerminal) err.write("\r\u001b[K");
  tellDrain(result, report);
  const code = report.end(
    `${counted(result.delivered, "event")} sent, for ${counted(result.captures, "capture")}.`,
    {
      drained: { ...result },
    },
  );
  return stop.signal.aborted ? 130 : code;
}

function tellDrain(result: DrainResult, report: Report): void {
  const { delivered, captures, refused, left, raw, elsewhere, unreadable } = result;
  const say = (topic: string, state: Finding["state"], events: number, advice?: string): void => {
    if (events > 0)
      report.add({
        topic,
        state,
        text: counted(events, "event"),
        ...(advice === undefined ? {} : { advice }),
      });
  };
  report.add({
    topic: "sent",
    state: "ok",
    text: `${counted(delivered, "event")}, for ${counted(captures, "capture")}`,
  });
  say("raw", "note", raw, "Only the application can send what is raw: start it, with its spool option.");
  say("elsewhere", "note", elsewhere, "Arrived here already, and still wanted by another destination.");
  say(
    "left",
    "problem",
    left,
    "The server did not answer, or the command was interrupted. Nothing is forgotten: try again, or corvid test.",
  );
  say(
    "refused",
    "problem",
    refused,
    "The server does not want this. It stays; corvid spool DIR --discard --only finished --yes forgets it.",
  );
  say("unreadable", "problem", unreadable, "Damaged on disk: cannot be sent.");
}

async function discard(
  dir: string,
  only: "raw" | "finished" | undefined,
  isSure: boolean,
  report: Report,
): Promise<ExitCode> {
  if (!isSure) {
    report.add({
      topic: "discard",
      state: "problem",
      text: "nothing was forgotten: this cannot be undone",
      advice: "Look at what waits, corvid spool DIR, then add --yes.",
    });
    return report.end("");
  }
  const { events, captures } = await discardSpool(dir, only === undefined ? {} : { only });
  const text = `${counted(events, "event")}, for ${counted(captures, "capture")}`;
  report.add({ topic: "discard", state: "ok", text, details: { events, captures } });
  return report.end(`Forgotten: ${text}.`);
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** What a file says may be no time at all. */
function timeText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "unknown time" : date.toISOString().slice(0, 19).replace("T", " ");
}
