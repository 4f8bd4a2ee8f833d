import type { Clock } from "../model/clock.js";
import type { Envelope } from "../transport/envelope.js";
import type { SendResult, Transport } from "../transport/transport.js";

/**
 * Calls `transport.send` and gives one result for each envelope whatever it does: throw, hang, answer too little or
 * nonsense. All of these count as no answer.
 *
 * @param deadlineMs - how long it may take to settle
 */
export async function attempt(
  transport: Transport,
  envelopes: readonly Envelope[],
  clock: Clock,
  deadlineMs: number,
): Promise<readonly SendResult[]> {
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
  return envelopes.map((_, index) => {
    const result = results[index];
    return isResult(result) ? result : { kind: "retry", reason: "network_error", detail: failure };
  });
}

function isResult(result: unknown): result is SendResult {
  const kind = (result as SendResult | undefined | null)?.kind;
  return kind === "accepted" || kind === "retry" || kind === "refused";
}

/** What to say of something thrown. */
function textOf(error: unknown): string {
  return error instanceof Error ? error.message : "a value that is no Error was thrown";
}
