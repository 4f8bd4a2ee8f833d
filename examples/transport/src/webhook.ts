// A transport of one's own: each event becomes a line of text, posted to a web hook.
// #region transport
import { type Envelope, eventOf, type SendResult, type Transport } from "@corvid/core";

/** Posts each event, in a line, to a web hook. */
export function webhookTransport(url: string): Transport {
  async function post(envelope: Envelope): Promise<SendResult> {
    const event = eventOf(envelope);
    if (event === undefined) return { kind: "accepted" }; // a report: nothing for people
    const error = event.exception?.values.at(-1);
    const text = `${event.release ?? "?"}: ${error?.type ?? event.level}: ${error?.value ?? event.message}`;

    const body = JSON.stringify({ text, failures: envelope.weight });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(10_000) });
    if (answer.ok) return { kind: "accepted" };
    const detail = `${answer.status} ${answer.statusText}`;
    if (answer.status === 429 || answer.status >= 500) return { kind: "retry", reason: "send_error", detail };
    return { kind: "refused", reason: "send_error", detail };
  }

  // A rejected promise, such as that of a fetch without an answer, counts as "try again".
  return { name: "webhook", send: (batch) => Promise.all(batch.map(post)) };
}
// #endregion
