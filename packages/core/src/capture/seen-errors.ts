import type { Scope } from "../context/scope.js";
import type { Folded } from "../gate/aggregate.js";
import { isObject } from "../model/safe-read.js";

/** One failure that was seen: by which client, and as which event it goes. */
export interface Sighting {
  readonly client: object;
  /** The id of its event. */
  readonly eventId: string;
  /** `false` for an error that was only seen as a cause of the captured one. */
  readonly isRoot: boolean;
  /** Whether its event shows it, should it be folded. */
  readonly folded?: Folded;
  /** The type of the mechanism that captured it. */
  readonly mechanism: string;
  /** When, on the monotonic clock. */
  readonly at: number;
  /** It was ignored or sampled out, so it has no event. */
  readonly isExcluded?: boolean;
}

/** What is remembered of an error object. Nearly always one client sees it, and thousands may be remembered. */
type Remembered = Sighting | readonly Sighting[];

/**
 * The sighting of this very error object in this scope, if there was one. It is remembered on the scope, weakly, so
 * it also works for frozen errors and leaves no mark on the application's objects.
 */
export function findSighting(scope: Scope, error: unknown, client: object): Sighting | undefined {
  if (!isObject(error)) return undefined;
  const known = scope.sightings.get(error) as Remembered | undefined;
  if (known === undefined || "client" in known) return known?.client === client ? known : undefined;
  return known.find((sighting) => sighting.client === client);
}

/** Remembers an error object; primitives are never the same object and are not remembered. */
export function rememberSighting(scope: Scope, error: unknown, sighting: Sighting): void {
  if (!isObject(error)) return;
  const { sightings } = scope;
  const known = sightings.get(error) as Remembered | undefined;
  if (known === undefined) sightings.set(error, sighting);
  else sightings.set(error, withSighting("client" in known ? [known] : known, sighting));
}

function withSighting(known: readonly Sighting[], sighting: Sighting): Remembered {
  const others = known.filter(({ client }) => client !== sighting.client);
  return others.length === 0 ? sighting : [...others, sighting];
}
