import type { Integration, Processor } from "../client/integration.js";
import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import { mergeDefined } from "../context/scope.js";
import { currentTraceLink } from "../context/trace-link.js";
import type { Diagnostics } from "../model/diagnostics.js";
import { thrownText } from "../model/messages.js";
import { cleanText, normalise } from "../process/normalise.js";
import type { NamedProcessor } from "../process/processors.js";
import { createScrubber } from "../process/scrub.js";
import { propagation, Tracer } from "../trace/tracer.js";
import type { EventBuilder } from "./build.js";
import type { Facts } from "./enrich.js";

/**
 * Lays out, once per client, all that making an event needs. The parts that Corvid itself adds fail open: one that throws
 * is left out with a warning, and the event leaves without it. The application's hooks fail closed.
 */
export function createEventBuilder(
  options: ResolvedOptions,
  platform: Platform,
  integrations: readonly Integration[],
  diagnostics: Diagnostics,
): EventBuilder {
  const onFailure: OnFailure = (part, error) =>
    diagnostics.warn("integration-failed", part, thrownText(error));
  return {
    options,
    frames: {
      projectRoot: platform.projectRoot,
      inAppInclude: options.inAppInclude,
      inAppExclude: options.inAppExclude,
    },
    facts: createFacts(options, platform, integrations, onFailure),
    contextLines: platform.contextLines(options.contextLines),
    processors: namedProcessors(options, integrations, platform.integrations, onFailure),
    scrubber: createScrubber(options.scrub),
  };
}

/** Called with the part of an event that could not be made, and the error. */
type OnFailure = (part: string, error: unknown) => void;

function createFacts(
  options: ResolvedOptions,
  platform: Platform,
  integrations: readonly Integration[],
  onFailure: OnFailure,
): Facts {
  const { dsn, environment, traceTargets } = options;
  const release = options.release ?? attempt("release", () => platform.release(), onFailure);
  const { env, newId, random } = platform;
  const tracer = new Tracer({ dsn, release, environment, env, newId, random });
  if (traceTargets.length > 0)
    platform.propagate?.(propagation(traceTargets, () => tracer.headers(currentTraceLink())));
  return {
    release,
    dist: options.dist,
    environment,
    tracer,
    serverName: options.serverName ?? attempt("server name", () => platform.serverName(), onFailure),
    tags: mergeDefined({}, options.tags, (value) => cleanText(value, 200)),
    extra: mergeDefined({}, options.extra, (value) => normalise(value, options.limits)),
    sdk: {
      ...platform.sdk,
      integrations: integrations.map(({ name }) => name),
      packages: [{ name: "npm:@corvid/core", version: platform.sdk.version }],
    },
    maxBreadcrumbs: options.maxBreadcrumbs,
    contexts: () => platform.contexts((name, error) => onFailure(`context ${name}`, error)),
  };
}

function attempt<T>(part: string, make: () => T, onFailure: OnFailure): T | undefined {
  try {
    return make();
  } catch (error) {
    onFailure(part, error);
    return undefined;
  }
}

/** Whether a hook of the application may ask for the live error; what is built in never does. */
export function showsErrors(
  { processors, beforeSend }: Pick<ResolvedOptions, "processors" | "beforeSend">,
  integrations: readonly Integration[],
  builtIn: readonly Integration[],
): boolean {
  if (beforeSend !== undefined || processors.length > 0) return true;
  return integrations.some(
    (integration) => integration.process !== undefined && !builtIn.includes(integration),
  );
}

/** The integrations' steps, then the application's, then `beforeSend`. */
function namedProcessors(
  options: ResolvedOptions,
  integrations: readonly Integration[],
  builtIn: readonly Integration[],
  onFailure: OnFailure,
): NamedProcessor[] {
  const { processors, beforeSend } = options;
  const named: NamedProcessor[] = [];
  for (const integration of integrations) {
    if (integration.process === undefined) continue;
    const name = `integration ${integration.name}`;
    const process: Processor = (event, hint) => integration.process!(event, hint);
    const run: Processor = builtIn.includes(integration)
      ? (event, hint) => attempt(name, () => process(event, hint), onFailure) ?? event
      : process;
    named.push({ name, reason: "event_processor", run });
  }
  processors.forEach((run, index) => {
    named.push({ name: `processors[${index}]`, reason: "event_processor", run });
  });
  if (beforeSend !== undefined) named.push({ name: "beforeSend", reason: "before_send", run: beforeSend });
  return named;
}
