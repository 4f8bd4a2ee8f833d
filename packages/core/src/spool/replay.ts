import type { Platform } from "../client/platform.js";
import type { Destinations } from "../delivery/destinations.js";
import type { Timer } from "../model/clock.js";
import type { CaptureQueue } from "../pipeline/capture-queue.js";
import type { Envelope } from "../transport/envelope.js";
import type { SpoolReader } from "./reader.js";
import type { SpooledEvent } from "./store.js";
import type { SpoolWriter } from "./writer.js";

export interface SpoolReplayOptions {
  readonly platform: Pick<Platform, "clock" | "random" | "afterTurn">;
  readonly writer: SpoolWriter;
  readonly reader: SpoolReader;
  readonly queue: CaptureQueue;
  readonly destinations: Destinations;
}

/** Only so many events from disk are under way at once: new captures go first. */
const FROM_DISK_AHEAD = 8;

/** Those who ended just before this process started count as ended after ten seconds of silence. */
const SECOND_LOOK_MS = 12_000;
const LOOK_EVERY_MS = 30_000;

/**
 * Brings what waits on disk back on the road: what found no room in memory, and what processes that have ended left. It
 * takes no more than the road has room for, so whatever happens now goes first.
 */
export class SpoolReplay {
  readonly #options: SpoolReplayOptions;
  #timer: Timer | undefined;
  #looking: Promise<void>;
  #round: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: SpoolReplayOptions) {
    this.#options = options;
    this.#looking = new Promise<void>((resolve) => options.platform.afterTurn(resolve)).then(() =>
      this.#look(SECOND_LOOK_MS),
    );
    options.destinations.subscribe(() => this.kick());
  }

  /** There may be room now. */
  kick(): void {
    if (this.#isStopped || this.#round !== undefined) return;
    if (this.#options.writer.waiting === 0 || !this.#hasRoom()) return;
    this.#round = this.#bring().finally(() => {
      this.#round = undefined;
    });
  }

  /** Resolves when whoever is being looked for is found, and what is being read is on the road. */
  async settled(): Promise<void> {
    await this.#looking;
    this.kick();
    await this.#round;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look(nextInMs: number): Promise<void> {
    const { writer, platform } = this.#options;
    if (this.#isStopped) return;
    await writer.store.adopt();
    if (this.#isStopped) return;
    this.kick();
    const lookAgain = (): void => {
      this.#looking = this.#look(LOOK_EVERY_MS);
    };
    this.#timer = platform.clock.schedule(lookAgain, nextInMs * (1 + platform.random() / 4));
  }

  async #bring(): Promise<void> {
    const { store } = this.#options.writer;
    while (!this.#isStopped && this.#hasRoom()) {
      const event = await store.next((isDone) => this.#hasRoom(isDone));
      if (event === undefined || !this.#take(event)) return;
    }
  }

  /** @param isDone - keys of the destinations that have an event already */
  #hasRoom(isDone?: ReadonlySet<string>): boolean {
    const { queue, destinations } = this.#options;
    return queue.size < FROM_DISK_AHEAD && destinations.wantsFromDisk(FROM_DISK_AHEAD, isDone);
  }

  /** Sends an event on its way from where it had come; `false`: it must wait on disk for more room. */
  #take(event: SpooledEvent): boolean {
    const { reader, queue, destinations } = this.#options;
    const recalled = reader.read(event);
    if (recalled === undefined) {
      destinations.giveUp(event.id, "internal_sdk_error", 1 + event.more.count);
      return true;
    }
    const isTaken =
      "pending" in recalled ? queue.pushRead(recalled.pending) : this.#resume(recalled.envelope, event);
    if (!isTaken) destinations.leave(event.id);
    return isTaken;
  }

  #resume(envelope: Envelope, { more, settled }: SpooledEvent): boolean {
    const { destinations } = this.#options;
    if (!destinations.hasRoomFor(envelope.bytes)) return false;
    destinations.offerRead({ ...envelope, weight: 1 + more.count }, settled);
    return true;
  }
}
