import { currentContext } from "../context/current.js";
import {
  copyFingerprint,
  innermost,
  type RequestPolicy,
  type Scope,
  type ScopeData,
} from "../context/scope.js";
import { traceLink } from "../context/trace-link.js";
import type { Event } from "../model/event.js";
import { read } from "../model/safe-read.js";
import type { NormaliseLimits } from "../process/normalise.js";
import type { CaptureHint } from "./hint.js";
import { type CaptureContext, copyHint, describeRequest } from "./snapshot.js";

/** The scopes around a call. */
export interface Whereabouts {
  /** The scope of the request, job or run, else the client's: the one in which a failure is one failure. */
  readonly identity: Scope;
  /** Outermost first. */
  readonly layers: readonly ScopeData[];
  readonly trails: CaptureContext["trails"];
}

/** Finds out where a call stands. Costs nothing: scopes are immutable values. */
export function whereabouts(clientScope: Scope): Whereabouts {
  const { request, local } = currentContext();
  const base = clientScope.snapshot();
  const outer = request?.snapshot();
  const inner = local?.snapshot();
  const layers = [base];
  // A request took the client's breadcrumbs along when it began.
  const trails = [(outer ?? base).breadcrumbs];
  if (outer !== undefined) layers.push(outer);
  if (inner !== undefined) {
    layers.push(inner);
    trails.push(inner.breadcrumbs);
  }
  return { identity: request ?? clientScope, layers, trails };
}

/** Copies all that surrounds a capture. */
export function captureContext(
  { layers, trails }: Whereabouts,
  hint: CaptureHint | undefined,
  limits: NormaliseLimits,
  policy: RequestPolicy,
): CaptureContext {
  const { request, transaction } = describeRequest(layers, policy);
  return {
    layers: layers.some(({ request: source }) => source !== undefined) ? layers.map(withoutSource) : layers,
    trails,
    hint: copyHint(hint, limits),
    request,
    transaction,
    trace: traceLink(layers),
  };
}

/** Once it was asked, the source of a request only keeps the application's own object alive. */
function withoutSource(layer: ScopeData): ScopeData {
  return layer.request === undefined ? layer : { ...layer, request: undefined };
}

/** The grouping that applies, innermost first; `undefined` for the default one. */
export function fingerprintOf(
  { layers }: Whereabouts,
  hint: CaptureHint | undefined,
  event?: Partial<Event>,
): readonly string[] | undefined {
  return givenFingerprint(hint) ?? givenFingerprint(event) ?? innermost(layers, "fingerprint");
}

function givenFingerprint(source: unknown): readonly string[] | undefined {
  const given = source === undefined ? undefined : read(source, "fingerprint");
  return given === undefined ? undefined : copyFingerprint(given);
}
