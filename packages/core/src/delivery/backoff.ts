/** The delay of one envelope after a failed attempt, in milliseconds. */
export interface RetryDelay {
  /** While the destination accepts nothing else either: ten attempts last about twenty minutes. */
  readonly patientMs: number;
  /** Once it accepts others again: ten attempts last about two minutes. */
  readonly soonMs: number;
}

/**
 * How long one envelope waits after its n-th failed attempt: a quarter of a second, then 2.7 or 2 times as long each time,
 * up to 15 minutes.
 *
 * @param failures - failed attempts, from 1
 * @param random - from 0 to 1: a delay is 75 % to 100 % of the full one, so that a fleet does not return in step
 */
export function retryDelay(failures: number, random: number): RetryDelay {
  const patientMs = jittered(Math.min(250 * 2.7 ** (failures - 1), 900_000), random);
  return { patientMs, soonMs: Math.min(patientMs, jittered(250 * 2 ** (failures - 1), random)) };
}

/**
 * How long an open breaker waits for the next probe: not at all the first time (a kept-alive connection may just have
 * been closed), then 100 ms, doubling to 900 ms, so that recovery is noticed within a second.
 *
 * @param failures - probes that failed in a row, from 1
 */
export function probeDelayMs(failures: number, random: number): number {
  return failures <= 1 ? 0 : jittered(Math.min(100 * 2 ** (failures - 2), 900), random);
}

function jittered(delayMs: number, random: number): number {
  return delayMs * (0.75 + 0.25 * random);
}
