import type { EventHint } from "../capture/hint.js";
import type { Integration } from "../client/integration.js";
import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import { mergeDefined } from "../context/scope.js";
import { currentTraceLink } from "../context/trace-link.js";
import type { Event } from "../model/event.js";
import { cleanText, normalise } from "../process/normalise.js";
import type { NamedProcessor } from "../process/processors.js";
import { createScrubber } from "../process/scrub.js";
import { propagation, Tracer } from "../trace/tracer.js";
import type { EventBuilder } from "./build.js";
import type { Facts } from "./enrich.js";

/** Lays out, once per client, all that making an event needs. */
export function createEventBuilder(
  options: ResolvedOptions,
  platform: Platform,
  integrations: readonly Integration[],
): EventBuilder {
  return {
    options,
    frames: {
      projectRoot: platform.projectRoot,
      inAppInclude: options.inAppInclude,
      inAppExclude: options.inAppExclude,
    },
    facts: createFacts(options, platform, integrations),
    contextLines: platform.contextLines(options.contextLines),
    processors: namedProcessors(options, integrations),
    scrubber: createScrubber(options.scrub),
  };
}

function createFacts(
  options: ResolvedOptions,
  platform: Platform,
  integrations: readonly Integration[],
): Facts {
  const { dsn, environment, traceTargets } = options;
  const release = options.release ?? platform.release();
  const { env, newId, random } = platform;
  const tracer = new Tracer({ dsn, release, environment, env, newId, random });
  if (traceTargets.length > 0)
    platform.propagate?.(propagation(traceTargets, () => tracer.headers(currentTraceLink())));
  return {
    release,
    dist: options.dist,
    environment,
    tracer,
    serverName: options.serverName ?? platform.serverName(),
    tags: mergeDefined({}, options.tags, (value) => cleanText(value, 200)),
    extra: mergeDefined({}, options.extra, (value) => normalise(value, options.limits)),
    sdk: {
      ...platform.sdk,
      integrations: integrations.map(({ name }) => name),
      packages: [{ name: "npm:@corvid/core", version: platform.sdk.version }],
    },
    maxBreadcrumbs: options.maxBreadcrumbs,
    contexts: () => platform.contexts(),
  };
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
function namedProcessors(options: ResolvedOptions, integrations: readonly Integration[]): NamedProcessor[] {
  const { processors, beforeSend } = options;
  return [
    ...integrations
      .filter((integration) => integration.process !== undefined)
      .map(
        (integration): NamedProcessor => ({
          name: `integration ${integration.name}`,
          reason: "event_processor",
          run: (event: Event, hint: EventHint) => integration.process!(event, hint),
        }),
      ),
    ...processors.map(
      (run, index): NamedProcessor => ({ name: `processors[${index}]`, reason: "event_processor", run }),
    ),
    ...(beforeSend === undefined
      ? []
      : [{ name: "beforeSend", reason: "before_send", run: beforeSend } satisfies NamedProcessor]),
  ];
}
