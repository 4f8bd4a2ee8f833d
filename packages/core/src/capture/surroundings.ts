import { currentContext } from "../current.js";
import { cleanText, type NormaliseLimits } from "../process/normalise.js";
import type { RequestPolicy, Scope, ScopeData } from "../scope.js";
import type { CaptureHint } from "./hint.js";
import { read } from "./safe-read.js";
import { copyHint, describeRequest, type Surroundings } from "./snapshot.js";

/** The scopes around a call. */
export interface Whereabouts {
  /** The scope of the request, job or run, else the client's: the one in which a failure is one failure. */
  readonly identity: Scope;
  /** Outermost first. */
  readonly layers: readonly ScopeData[];
  readonly trails: Surroundings["trails"];
}

/** Finds out where a call stands. Costs nothing: scopes are immutable values. */
export function whereabouts(clientScope: Scope): Whereabouts {
  const { request, local } = currentContext();
  const base = clientScope.snapshot();
  const outer = request?.snapshot();
  const inner = local?.snapshot();
  const layers = [base, outer, inner].filter((layer) => layer !== undefined);
  // A request took the client's breadcrumbs along when it began.
  const trails = [(outer ?? base).breadcrumbs, ...(inner === undefined ? [] : [inner.breadcrumbs])];
  return { identity: request ?? clientScope, layers, trails };
}

/** Copies all that surrounds a capture. */
export function surroundings(
  { layers, trails }: Whereabouts,
  hint: CaptureHint | undefined,
  limits: NormaliseLimits,
  policy: RequestPolicy,
): Surroundings {
  return { layers, trails, hint: copyHint(hint, limits), ...describeRequest(layers, policy) };
}

/** The grouping that applies, innermost first; `undefined` for the default one. */
export function fingerprintOf(
  { layers }: Whereabouts,
  ...given: readonly unknown[]
): readonly string[] | undefined {
  for (const source of given) {
    const fingerprint = source === undefined ? undefined : read(source, "fingerprint");
    if (Array.isArray(fingerprint)) return fingerprint.map((part) => cleanText(part, 1024));
  }
  return layers.findLast((layer) => layer.fingerprint !== undefined)?.fingerprint;
}
