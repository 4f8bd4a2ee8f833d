import type { HeldException } from "../context/current.js";
import type { Clock, Timer } from "../model/clock.js";

/** A failure that is held: what is known of it while it is not decided. */
interface Held extends HeldException {
  /** It carries a 4xx, so it is no failure unless something shows that it is. */
  readonly isAnswer: boolean;
}

/** The failures that wait for the answer of their request. */
export class HeldExceptions {
  readonly #clock: Clock;
  readonly #maxMs: number;
  readonly #held = new Set<Held>();

  /** @param maxMs - how long one that carries no 4xx is held */
  constructor(clock: Clock, maxMs: number) {
    this.#clock = clock;
    this.#maxMs = maxMs;
  }

  get size(): number {
    return this.#held.size;
  }

  /** @param send - reports the failure; called once at most. Returns the id of its event */
  hold(id: string, isAnswer: boolean, send: () => string): HeldException {
    let timer: Timer | undefined;
    let sentAs: string | undefined;
    const leave = (): boolean => {
      timer?.cancel();
      return this.#held.delete(held);
    };
    const held: Held = {
      id,
      isAnswer,
      send() {
        if (leave()) sentAs = send();
        return sentAs ?? id;
      },
      discard: () => void leave(),
    };
    this.#held.add(held);
    if (!isAnswer) timer = this.#clock.schedule(() => void held.send(), this.#maxMs);
    return held;
  }

  /** Reports those that are failures by themselves; with `all`, at the end of the process, every one. */
  send(all: boolean): void {
    for (const held of this.#held) if (all || !held.isAnswer) held.send();
  }
}
