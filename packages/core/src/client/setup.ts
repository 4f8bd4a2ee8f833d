import { breadcrumbPolicy } from "../context/breadcrumbs.js";
import type { CaptureTarget } from "../context/current.js";
import { Destinations, transportsOf } from "../delivery/destinations.js";
import { Ledger } from "../delivery/ledger.js";
import { Gate } from "../gate/gate.js";
import { createDiagnostics, type Diagnostics } from "../model/diagnostics.js";
import { createEventBuilder, showsErrors } from "../pipeline/build.js";
import { CaptureQueue } from "../pipeline/capture-queue.js";
import { queuedSummary } from "../pipeline/queued-capture.js";
import type { ClientSpool } from "../spool/open.js";
import { ownCodeRule } from "../stacktrace/frames.js";
import type { OwnCode } from "../stacktrace/stack-text.js";
import { versions } from "./copies.js";
import { Flush } from "./flush.js";
import { chosenIntegrations, type Integration } from "./integration.js";
import { type ClientOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import type { Platform } from "./platform.js";

/** The parts of a client. */
export interface ClientParts {
  readonly options: ResolvedOptions;
  readonly diagnostics: Diagnostics;
  readonly integrations: readonly Integration[];
  readonly ledger: Ledger;
  readonly destinations: Destinations;
  readonly queue: CaptureQueue;
  readonly gate: Gate;
  readonly spool: ClientSpool | undefined;
  readonly flush: Flush;
  /** Whether a hook may ask for the live error. */
  readonly showsErrors: boolean;
  /** Which frames the application calls its own, when it says so. */
  readonly ownCode: OwnCode | undefined;
}

/**
 * Makes the parts of a client, each from those before it: what comes back from a later part, such as room in the
 * destinations, the later one hears by subscribing.
 *
 * @throws {OptionsError | DsnError} for options that cannot be used
 */
export function setUpClient(given: ClientOptions, platform: Platform, client: CaptureTarget): ClientParts {
  const options = resolveOptions(given, platform.env);
  const { clock, write } = platform;
  const diagnostics = createDiagnostics({ debug: options.debug, clock, write });
  if (options.dsnTrouble !== undefined) diagnostics.warn("dsn-in-environment", ...options.dsnTrouble);
  if (versions().size > 1) diagnostics.warn("several-versions", [...versions()].join(" and "));

  const transports = transportsOf(options, platform, diagnostics);
  const isOn = transports.length > 0;
  const integrations = isOn ? chosenIntegrations(options.integrations, platform.integrations) : [];
  const builder = createEventBuilder(options, platform, integrations, diagnostics);
  const ledger = new Ledger();
  const { scope } = client;
  const shared = { options, platform, diagnostics, builder, transports, ledger, scope };
  const disk = isOn && options.spool !== false ? options.spool.open(shared) : undefined;
  const destinations = new Destinations({ ...shared, spool: disk?.writer });
  const queue = new CaptureQueue({ ...shared, destinations, spool: disk?.writer });
  const spool = disk?.startReplay({ queue, destinations });
  const gate = new Gate({
    ...platform,
    client,
    options,
    load: (held) => queue.pressure(held),
    isWaiting: (id) => queue.has(id),
    isWaitingAlone: (id) => queue.hasAlone(id),
    sendSummary: (snapshot, repeats, sightings) => queue.push(queuedSummary(snapshot, repeats, sightings)),
  });
  const { maxBreadcrumbs, beforeBreadcrumb } = options;
  scope.governBreadcrumbs(
    breadcrumbPolicy(isOn ? maxBreadcrumbs : 0, beforeBreadcrumb, diagnostics, spool?.writer.prepareCrumb),
  );
  return {
    options,
    diagnostics,
    integrations,
    ledger,
    destinations,
    queue,
    gate,
    spool,
    flush: new Flush({ clock, gate, queue, destinations, spool }),
    showsErrors: showsErrors(options, integrations, platform.integrations),
    ownCode: ownCodeRule({ ...options, projectRoot: platform.projectRoot }),
  };
}
