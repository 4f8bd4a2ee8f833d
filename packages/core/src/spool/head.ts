import type { ContextLines } from "../client/platform.js";
import type { Json } from "../model/event.js";
import type { EventBuilder } from "../pipeline/build.js";
import type { Facts } from "../pipeline/enrich.js";
import { Tracer, type TracerOptions } from "../trace/tracer.js";

/** What a process says of itself at the head of its files, for those who make its captures into events. */
interface Head {
  /** When the process started, in milliseconds since the Unix epoch. */
  readonly started: number;
  readonly release?: string;
  readonly dist?: string;
  readonly environment: string;
  readonly server_name?: string;
  readonly tags: Facts["tags"];
  readonly extra: Facts["extra"];
  readonly sdk: Facts["sdk"];
  readonly contexts: Readonly<Record<string, Record<string, Json>>>;
}

/** The facts of a process, beyond those of its client. */
export interface ProcessFacts {
  /** When the process started, in milliseconds since the Unix epoch. */
  readonly started: number;
  /** Contexts that differ from one process of a host to the next. */
  readonly contexts: Readonly<Record<string, Record<string, Json>>>;
}

/** The head of a client's files, as JSON. Must not hold secrets: what the application gave is scrubbed. */
export function headText({ facts, scrubber }: EventBuilder, { started, contexts }: ProcessFacts): string {
  const { release, dist, environment, serverName, sdk } = facts;
  const tags = scrubber.value(facts.tags) as Facts["tags"];
  const extra = scrubber.value(facts.extra) as Facts["extra"];
  const names = { release, dist, environment, server_name: serverName };
  return JSON.stringify({ started, ...names, tags, extra, sdk, contexts } satisfies Head);
}

/**
 * The builder for captures of another process: with its facts, and with source lines only of files that are older than
 * it.
 *
 * @param contextLines - those of files that did not change after a time, in milliseconds since the Unix epoch
 * @throws {SyntaxError | TypeError} when the text is none of ours
 */
export function builderOf(
  text: string,
  own: EventBuilder,
  tracing: Omit<TracerOptions, "release" | "environment">,
  contextLines: (trustedUntilMs: number) => ContextLines,
): EventBuilder {
  const { started, contexts, server_name: serverName, ...known } = JSON.parse(text) as Head;
  const tracer = new Tracer({ ...tracing, release: known.release, environment: known.environment });
  const merged = (): ReturnType<Facts["contexts"]> => {
    const host = own.facts.contexts();
    const told = Object.entries(contexts).map(([name, context]) => [name, { ...host[name], ...context }]);
    return { ...host, ...Object.fromEntries(told) };
  };
  return {
    ...own,
    facts: { ...own.facts, ...known, serverName, contexts: merged, tracer },
    contextLines: contextLines(started),
  };
}
