import type { Clock, Timer } from "../model/clock.js";
import type { SpooledEvent, SpoolStore } from "./store.js";

export interface SpoolReplayOptions {
  readonly store: SpoolStore;
  readonly clock: Clock;
  /** From 0 up to 1: spreads the looks of many processes. */
  random(): number;
  afterTurn(fn: () => void): void;
  /** Whether the road has place for one more that is in no hurry. @param isDone - destinations that have it already */
  hasRoom(isDone?: ReadonlySet<string>): boolean;
  /** Puts an event from disk on the road; `false` when there was no place for this one. Must not throw. */
  take(event: SpooledEvent): boolean;
}

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
    this.#looking = new Promise<void>((resolve) => options.afterTurn(resolve)).then(() =>
      this.#look(SECOND_LOOK_MS),
    );
  }

  /** There may be room now. */
  kick(): void {
    if (this.#isStopped || this.#round !== undefined) return;
    if (this.#options.store.waiting === 0 || !this.#options.hasRoom()) return;
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
    const { store, clock, random } = this.#options;
    if (this.#isStopped) return;
    await store.adopt();
    if (this.#isStopped) return;
    this.kick();
    const lookAgain = (): void => {
      this.#looking = this.#look(LOOK_EVERY_MS);
    };
    this.#timer = clock.schedule(lookAgain, nextInMs * (1 + random() / 4));
  }

  async #bring(): Promise<void> {
    const { store, take, hasRoom } = this.#options;
    while (!this.#isStopped && hasRoom()) {
      const event = await store.next((isDone) => hasRoom(isDone));
      if (event === undefined || !take(event)) return;
    }
  }
}
