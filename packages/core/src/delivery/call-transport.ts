import type { Clock } from "../model/clock.js";
import type { DropReason } from "../transport/drops.js";
import type { Envelope } from "../transport/envelope.js";
import type { SendResult, Transport } from "../transport/transport.js";

/**
 * Calls `transport.send` and gives one result for each envelope, whether it throws, hangs, or returns too little or
 * nonsense: all of these count as no answer.
 *
 * @param deadlineMs - how long it may take to settle
 */
export async function callTransport(
  transport: Transport,
  envelopes: readonly Envelope[],
  clock: Clock,
  deadlineMs: number,
): Promise<readonly CheckedResult[]> {
  let failure = "no answer";
  const results = await new Promise<readonly unknown[]>((resolve) => {
    const fail = (detail: string): void => {
      failure = detail;
      resolve([]);
    };
    const timer = clock.schedule(() => fail("the transport did not come back"), deadlineMs);
    const call = async (): Promise<unknown> => transport.send(envelopes);
    call()
      .then(
        (answer) => resolve(Array.isArray(answer) ? answer : []),
        (error) => fail(textOf(error)),
      )
      .finally(() => timer.cancel());
  });
  return envelopes.map((_, index) => checked(results[index], failure));
}

/** A result with its defaults. */
export type CheckedResult =
  | Extract<SendResult, { kind: "accepted" }>
  | (Exclude<SendResult, { kind: "accepted" }> & { readonly reason: DropReason });

/** Fills in the defaults of a result; what is no result counts as no answer. */
export function checked(result: unknown, failure: string): CheckedResult {
  if (!isResult(result)) return { kind: "retry", reason: "network_error", detail: failure };
  return result.kind === "accepted" ? result : { ...result, reason: result.reason ?? "send_error" };
}

function isResult(result: unknown): result is SendResult {
  const kind = (result as SendResult | undefined | null)?.kind;
  return kind === "accepted" || kind === "retry" || kind === "refused";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : "a value that is no Error was thrown";
}
