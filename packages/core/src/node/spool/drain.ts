import os from "node:os";
import { createDelivery, type Delivery, type Outcome } from "../../delivery/delivery.js";
import { type Diagnostics, silentDiagnostics } from "../../model/diagnostics.js";
import { parseDsn } from "../../model/dsn.js";
import { SDK } from "../../model/sdk.js";
import { readFinished } from "../../spool/finished.js";
import type { SpooledEvent, SpoolStore } from "../../spool/store.js";
import type { Envelope } from "../../transport/envelope.js";
import type { Transport } from "../../transport/transport.js";
import { systemClock } from "../clock.js";
import { createSentryTransport, nameOfServer } from "../http/sentry-transport.js";
import { createIdSource } from "../ids.js";
import { kindOf } from "./discard.js";
import { visitEnded } from "./ended.js";

/** Where {@link drainSpool} sends to, and for how long it tries. */
export interface DrainOptions {
  /** One of the two. A `transport` is closed at the end. */
  readonly dsn?: string;
  readonly transport?: Transport;
  /** Called after every few events. */
  readonly onProgress?: (soFar: DrainResult) => void;
  /** Stops; what was not delivered yet stays. */
  readonly signal?: AbortSignal;
  /** When nothing more arrives for so long, the rest stays. Milliseconds; default 30 000. */
  readonly patienceMs?: number;
  /**
   * Told what goes wrong.
   *
   * @internal
   */
  readonly diagnostics?: Diagnostics;
}

/** Numbers of events. */
export interface DrainResult {
  /** Sent, accepted and forgotten here; and the captures these stand for. */
  readonly delivered: number;
  readonly captures: number;
  /** The destination does not want them; they stay. */
  readonly refused: number;
  /** Not sent, because of a destination that did not answer or a `signal`; those not come to are not counted. */
  readonly left: number;
  /** Not finished: only the application can send them. They stay. */
  readonly raw: number;
  /** This destination has them; another has not, so they stay. */
  readonly elsewhere: number;
  /** Damaged. */
  readonly unreadable: number;
  /** All that could be sent was. */
  readonly isComplete: boolean;
}

const PATIENCE_MS = 30_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Sends the finished events that ended processes left in a spool folder, and forgets those that arrived. Those that a
 * running application has are its own business.
 *
 * @throws {DsnError} for a `dsn` that cannot be used
 * @throws {TypeError} without a `dsn` and a `transport`
 */
export async function drainSpool(dir: string, options: DrainOptions): Promise<DrainResult> {
  const drain = new Drain(options);
  const stop = (): void => void drain.stop();
  options.signal?.addEventListener("abort", stop);
  if (options.signal?.aborted) stop();
  try {
    const unreadable = await visitEnded(
      dir,
      (events, store) => drain.send(events, store),
      options.diagnostics,
    );
    return { ...drain.soFar, unreadable: drain.soFar.unreadable + unreadable };
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await drain.stop();
  }
}

class Drain {
  readonly #options: DrainOptions;
  readonly #delivery: Delivery;
  /** By what an application may have known the destination. */
  readonly #names: readonly string[];
  readonly #underWay = new Map<string, SpoolStore>();
  #isStopped = false;
  #soFar: DrainResult = {
    delivered: 0,
    captures: 0,
    refused: 0,
    left: 0,
    raw: 0,
    elsewhere: 0,
    unreadable: 0,
    isComplete: true,
  };

  constructor(options: DrainOptions) {
    this.#options = options;
    const transport = transportOf(options);
    this.#names = [
      transport.name,
      ...(options.dsn === undefined ? [] : [nameOfServer(parseDsn(options.dsn))]),
    ];
    this.#delivery = createDelivery({
      transport,
      clock: systemClock,
      random: Math.random,
      newId: createIdSource(),
      diagnostics: options.diagnostics ?? silentDiagnostics,
      queueSize: Number.POSITIVE_INFINITY,
      queueBytes: Number.POSITIVE_INFINITY,
      reports: false,
      spool: { holds: () => true, finish: () => undefined },
      onSettled: (envelope, outcome) => this.#settled(envelope, outcome),
    });
  }

  get soFar(): DrainResult {
    return this.#soFar;
  }

  /** @returns whether to go on */
  async send(events: readonly SpooledEvent[], store: SpoolStore): Promise<boolean> {
    for (const event of events) this.#offer(event, store);
    if (this.#underWay.size > 0) await this.#delivery.flush(this.#options.patienceMs ?? PATIENCE_MS);
    if (this.#underWay.size > 0) this.#giveUp();
    try {
      this.#options.onProgress?.(this.#soFar);
    } catch {
      // A reader of the progress that fails must not stop it.
    }
    return !this.#isStopped;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#delivery.close(0);
  }

  #offer(event: SpooledEvent, store: SpoolStore): void {
    const kind = kindOf(event);
    const read = kind === "finished" ? readFinished(event.parts[0]!.payload) : undefined;
    if (kind === "raw") this.#count({ raw: 1 });
    else if (this.#names.some((name) => event.settled.has(name))) this.#count({ elsewhere: 1 });
    else if (read === undefined) this.#count({ unreadable: 1 });
    else this.#send({ ...read, id: event.id }, store);
  }

  #send(envelope: Envelope, store: SpoolStore): void {
    this.#underWay.set(envelope.id, store);
    if (this.#isStopped || !this.#delivery.offer(envelope)) this.#settled(envelope, { kind: "kept" });
  }

  #settled({ id, weight }: Envelope, outcome: Outcome): void {
    const store = this.#underWay.get(id);
    if (store === undefined) return;
    this.#underWay.delete(id);
    if (outcome.kind === "delivered") {
      store.settle(id);
      this.#count({ delivered: 1, captures: weight });
    } else {
      this.#count(outcome.kind === "kept" ? { left: 1 } : { refused: 1 });
    }
  }

  #giveUp(): void {
    this.#isStopped = true;
    this.#count({ left: this.#underWay.size });
    this.#underWay.clear();
  }

  #count(more: Partial<Record<Exclude<keyof DrainResult, "isComplete">, number>>): void {
    const { isComplete, ...counts } = this.#soFar;
    for (const [name, number] of Object.entries(more)) counts[name as keyof typeof counts] += number;
    this.#soFar = { ...counts, isComplete: isComplete && more.left === undefined };
  }
}

function transportOf({ dsn, transport, diagnostics = silentDiagnostics }: DrainOptions): Transport {
  if (transport !== undefined) return transport;
  if (dsn === undefined) throw new TypeError("drainSpool: expected a dsn or a transport, received neither");
  return createSentryTransport({
    dsn: parseDsn(dsn),
    sdk: SDK,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    clock: systemClock,
    diagnostics,
    userAgent: `${SDK.name}/${SDK.version} (node ${process.versions.node}; ${os.type()} ${os.release()})`,
  });
}
