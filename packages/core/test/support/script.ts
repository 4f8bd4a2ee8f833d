import type { Attachment } from "../../src/model/event.js";
import { type Envelope, eventEnvelope, toPayload } from "../../src/transport/envelope.js";
import type { SendResult, Transport } from "../../src/transport/transport.js";

/** One call of `send` that waits for its answer. */
export interface Sent {
  readonly batch: readonly Envelope[];
  readonly ids: readonly string[];
  /** Answers every envelope of the batch alike. */
  answer(result: SendResult): Promise<void>;
  answerEach(results: readonly SendResult[]): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A transport whose answers are given by hand. */
export interface ScriptedTransport extends Transport {
  /** Calls that were not answered yet, oldest first. */
  readonly sent: Sent[];
  /** Everything that was ever sent, oldest first. */
  readonly history: Envelope[];
}

/** Makes it; `extra` adds or replaces members. */
export function scriptedTransport(extra: Partial<Transport> = {}): ScriptedTransport {
  const sent: Sent[] = [];
  const history: Envelope[] = [];
  return {
    name: "script",
    kinds: ["event", "client_report"],
    sent,
    history,
    send(batch) {
      history.push(...batch);
      return new Promise((resolve, reject) => {
        const settled = async (act: () => void): Promise<void> => {
          sent.splice(sent.indexOf(call), 1);
          act();
          await settle();
        };
        const call: Sent = {
          batch,
          ids: batch.map(({ id }) => id),
          answer: (result) => settled(() => resolve(batch.map(() => result))),
          answerEach: (results) => settled(() => resolve(results)),
          fail: (error) => settled(() => reject(error)),
        };
        sent.push(call);
      });
    },
    ...extra,
  };
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** An event envelope with an id made of its number. */
export function numbered(number: number, attachments: readonly Attachment[] = [], weight = 1): Envelope {
  const id = `${number}`.padStart(32, "0");
  return eventEnvelope({ id, payload: toPayload({ event_id: id }), attachments, weight });
}

export const ACCEPTED: SendResult = { kind: "accepted" };
export const NO_ANSWER: SendResult = {
  kind: "retry",
  reason: "network_error",
  detail: "connect ECONNREFUSED",
};
export const UNAVAILABLE: SendResult = {
  kind: "retry",
  reason: "send_error",
  detail: "503 Service Unavailable",
};
export const REFUSED: SendResult = { kind: "refused", reason: "send_error", detail: "400 Bad Request" };
export const TOO_LARGE: SendResult = { kind: "refused", reason: "send_error", tooLarge: true, detail: "413" };

/** A 429. */
export function limited(category: string, durationMs: number): SendResult {
  return { kind: "retry", reason: "ratelimit_backoff", limits: [{ category, durationMs }], detail: "429" };
}
