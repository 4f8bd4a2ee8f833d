import type { Clock, Timer } from "../../model/clock.js";
import { systemClock } from "../clock.js";
import { nodeRunSource, type RunSource } from "./run-figures.js";
import { MAX_TEXT_BYTES, RunFile } from "./run-file.js";
import { isInspectorOpen } from "./run-process.js";
import {
  MAX_SAMPLES,
  MAX_SIGNALS,
  RUN_FORMAT,
  type RunSample,
  type RunSignal,
  readRunHead,
} from "./run-record.js";
import { BEAT_MS, isPressed } from "./run-trend.js";

/** What is written down of a run, and where. */
export interface RunBeatsOptions {
  /** The folder of this process, `undefined` while there is none. Asked at every beat; must not throw. */
  folder(): string | undefined;
  /** JSON with `release`, `environment`, `server_name` and `dist`, as far as they are known; the rest is not read. */
  readonly head: string;
  /** The last breadcrumbs of the process, scrubbed, the JSON of one each, oldest first. Asked at every beat. */
  crumbs(): readonly string[];
  /** Default: that of the process. */
  readonly clock?: Clock;
  /** Where figures come from. Default: this process. */
  readonly source?: RunSource;
}

const FIRST_PAUSE_MS = 250;
const PRESSED_PAUSE_MS = 1000;

/**
 * The beats of one run, each of which writes all that is known of it. The first comes at once, the next as long after
 * it as the run has lasted (from a quarter of a second), later ones every five seconds, and every second while memory is
 * short. Between them nothing happens. No method throws.
 */
export class RunBeats {
  readonly #options: RunBeatsOptions;
  readonly #clock: Clock;
  readonly #source: RunSource;
  readonly #file = new RunFile();
  readonly #samples: RunSample[] = [];
  readonly #signals: RunSignal[] = [];
  /** What is the same in every record: the JSON of an object, but for its end. */
  readonly #constant: string;
  readonly #begunAt: number;
  #expectedAt: number;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: RunBeatsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#source = options.source ?? nodeRunSource();
    this.#begunAt = this.#expectedAt = this.#clock.monotonic();
    const { uptimeMs, ...facts } = this.#source.facts;
    this.#constant = JSON.stringify({
      format: RUN_FORMAT,
      startedAt: Math.round(this.#clock.now() - uptimeMs),
      ...facts,
      head: readRunHead(options.head),
    }).slice(0, -1);
  }

  start(): void {
    this.#look();
    this.#schedule();
  }

  /** The application is told of a signal. It is written down at once: what follows may hang. */
  note(name: string): void {
    this.#signals.push({ name, at: this.#clock.now() });
    if (this.#signals.length > MAX_SIGNALS) this.#signals.shift();
    this.#look();
  }

  /** There is nothing to tell of this run, now and later. */
  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#file.remove();
  }

  #schedule(): void {
    const age = this.#age;
    const isShort = this.#samples.length > 0 && isPressed(this.#samples, this.#source.facts);
    const pause = Math.min(Math.max(age, FIRST_PAUSE_MS), isShort ? PRESSED_PAUSE_MS : BEAT_MS);
    this.#expectedAt = this.#clock.monotonic() + pause;
    this.#timer = this.#clock.schedule(() => this.#beat(), pause);
  }

  #beat(): void {
    // Not earlier, because the first look costs a millisecond, which the start of an application has better use for.
    if (this.#age >= BEAT_MS && isInspectorOpen()) {
      this.stop();
      return;
    }
    this.#look();
    this.#schedule();
  }

  /** Takes a sample, and writes. */
  #look(): void {
    if (this.#isOver) return;
    try {
      const { heapUsed, rss, busy, ...others } = this.#source.figures();
      const lateMs = Math.max(0, Math.round(this.#clock.monotonic() - this.#expectedAt));
      this.#samples.push({
        at: this.#clock.now(),
        heapUsed,
        rss,
        lateMs,
        busy: Math.round(busy * 1000) / 1000,
      });
      if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
      const folder = this.#options.folder();
      if (folder === undefined) return;
      const changing = JSON.stringify({ ...others, samples: this.#samples, signals: this.#signals });
      this.#file.write(folder, this.#withCrumbs(`${this.#constant},${changing.slice(1, -1)}`));
    } catch {
      // Watching must not become a second problem; what was written before stands.
    }
  }

  get #age(): number {
    return this.#clock.monotonic() - this.#begunAt;
  }

  /** Ends the record with as many of the last breadcrumbs as there is room for. */
  #withCrumbs(record: string): string {
    const crumbs = this.#options.crumbs();
    let room = MAX_TEXT_BYTES - Buffer.byteLength(record) - BYTES_AROUND_CRUMBS;
    let first = crumbs.length;
    for (; first > 0; first--) {
      room -= Buffer.byteLength(crumbs[first - 1]!) + 1;
      if (room < 0) break;
    }
    return `${record},"crumbs":[${crumbs.slice(first).join(",")}]}`;
  }
}

const BYTES_AROUND_CRUMBS = `,"crumbs":[]}`.length;
