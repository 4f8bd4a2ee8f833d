import type { CaptureHint } from "../capture/hint.js";
import { type HeldException, listeningClient, runInContext, type Unseen5xx } from "../context/current.js";
import { isObject } from "../model/safe-read.js";
import { isClientGone } from "./client-gone.js";
import { isOfOwnClass } from "./own-class.js";
import type { RequestContext } from "./request-context.js";
import { isServerFailure } from "./server-failure.js";

/** A failure that waits for the response to be finished. */
export interface WaitingFailure {
  readonly error: unknown;
  readonly held: HeldException;
  /** It carries a 4xx. */
  readonly isAnswer: boolean;
}

/** How a framework's package decides on failures. */
export interface FailureRule {
  /** The application's own rule: it decides alone, and at once. */
  readonly shouldReport?: ((error: unknown) => boolean) | undefined;
  readonly unseen5xx?: Unseen5xx | undefined;
  /** What to do about a 5xx of which no error was seen, for people. */
  readonly advice?: string;
}

/**
 * Reports a failure of a request. What becomes of it is decided when the response is finished: answered with a 4xx that
 * the application meant, it is none. Must be called in the request's context.
 *
 * @returns the id of its event, where there is one unless the answer turns out to be a 4xx
 */
export function reportFailure(
  known: RequestContext,
  error: unknown,
  hint: CaptureHint,
  { shouldReport }: FailureRule,
): string | undefined {
  const client = listeningClient();
  if (client === undefined) return undefined;
  const { thrown } = known;
  if (thrown !== undefined && Object.is(thrown.value, error)) return thrown.id;
  const { node: request, response } = known;
  if (isClientGone(error, request, response)) return undefined;
  const isAnswer = !isServerFailure(error);
  known.hasFailed = true;
  const remember = (id: string): string => {
    known.request.lastEventId = id;
    if (!isObject(error)) known.thrown = { value: error, id };
    return id;
  };

  if (shouldReport !== undefined)
    return isWanted(error, shouldReport) ? remember(client.captureException(error, hint)) : undefined;
  if (response === undefined || known.status !== undefined) {
    const isEvent = isAnswer ? (known.status ?? 0) >= 500 : !isMeant(error, known.status);
    return isEvent ? remember(client.captureException(error, hint)) : undefined;
  }
  const held = client.holdException(error, { ...hint }, isAnswer);
  if (held === undefined) return undefined;
  known.wait({ error, held, isAnswer });
  return isAnswer ? undefined : remember(held.id);
}

/** The response is finished: decides on what waited for it. @param status - `undefined` when the client left before */
export function decideFailures(waiting: readonly WaitingFailure[], status: number | undefined): void {
  for (const { error, held, isAnswer } of waiting) {
    const isEvent = isAnswer ? (status ?? 0) >= 500 : !isMeant(error, status);
    if (isEvent) held.send();
    else held.discard();
  }
}

/** Whether an error that carries no status was answered with a 4xx on purpose. */
function isMeant(error: unknown, status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && isOfOwnClass(error);
}

/** Reports that a request was answered with a 500, 502 or 504 although no error of it was seen. */
export function reportUnseen(
  known: RequestContext,
  status: number,
  { unseen5xx, advice }: FailureRule,
): void {
  if (known.hasFailed || !(status === 500 || status === 502 || status === 504)) return;
  // An answer of another server that was passed on is that server's failure.
  if (known.upstreamStatus === status) return;
  runInContext(known, () => {
    listeningClient()?.reportUnseen(known.method ?? "Request", status, advice ?? ADVICE, unseen5xx);
  });
}

const ADVICE =
  "No error of this request was seen: an error handler of its own answered. Call captureException() there.";

/** Whether an error is worth an event, by the application's rule; one that fails to answer means yes. */
export function isWanted(error: unknown, shouldReport: (error: unknown) => boolean): boolean {
  try {
    return shouldReport(error);
  } catch {
    return true;
  }
}
