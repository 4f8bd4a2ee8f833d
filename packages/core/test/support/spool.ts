import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Spool } from "../../src/client/spool.js";
import type { Diagnostics } from "../../src/model/diagnostics.js";
import { messageText } from "../../src/model/messages.js";
import { createIdSource } from "../../src/node/ids.js";
import { createSpoolStore, type FolderSpool, type SpoolOptions } from "../../src/node/spool/store.js";
import { createSpool, type StoreContext } from "../../src/spool/open.js";
import type { SpooledEvent, SpoolLoss, SpoolStore } from "../../src/spool/store.js";
import { createTestClock, type TestClock } from "./clock.js";

/** A spool with what it said meanwhile. */
export interface TestSpool extends FolderSpool {
  readonly clock: TestClock;
  readonly losses: SpoolLoss[];
  /** For each time the folder was taken over, the events that were on disk alone. */
  readonly takenOver: number[];
  readonly warnings: string[];
}

export const GROUP = "0123abcd";

/** Random ids: 32 lower-case hex digits. */
export const newId: () => string = createIdSource();

/** A folder of its own for a test. */
export function testFolder(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "corvid-spool-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A spool on a clock that stands still. */
export function testSpool(dir: string, options: Partial<SpoolOptions> = {}): TestSpool {
  const clock = (options.clock as TestClock | undefined) ?? createTestClock();
  const losses: SpoolLoss[] = [];
  const takenOver: number[] = [];
  const warnings: string[] = [];
  const diagnostics: Diagnostics = {
    debug: () => undefined,
    warn: (...message) => void warnings.push(messageText(...message)),
  };
  const store = createSpoolStore({
    dir,
    group: GROUP,
    destinations: ["http"],
    head: () => '{"release":"app@1"}',
    diagnostics,
    newId,
    onLost: (loss) => void losses.push(loss),
    onTakenOver: (waiting) => void takenOver.push(waiting),
    ...options,
    clock,
  });
  return Object.assign(store, { clock, losses, takenOver, warnings });
}

/** Makes all instances look as if they had been silent for a minute. */
export function die(dir: string, ...instances: (string | undefined)[]): void {
  const aMinuteAgo = new Date(Date.now() - 60_000);
  const folders = instances.length > 0 ? instances : readdirSync(dir).map((name) => join(dir, name));
  for (const folder of folders) utimesSync(folder!, aMinuteAgo, aMinuteAgo);
}

/** All that waits, handed out. */
export async function takeAll(store: FolderSpool): Promise<SpooledEvent[]> {
  const events: SpooledEvent[] = [];
  for (let event = await store.next(); event !== undefined; event = await store.next()) events.push(event);
  return events;
}

/** A spool on a store of the test's. */
export function storeSpool(open: (context: StoreContext) => SpoolStore): Spool {
  return createSpool({
    maxAgeMs: 7 * 24 * 3600 * 1000,
    processFacts: () => ({ started: Date.now(), contexts: {} }),
    open,
  });
}

/** What a store of files makes of its context. */
export function storeOptions({
  head,
  listener,
  ...context
}: StoreContext): Pick<
  SpoolOptions,
  "head" | "diagnostics" | "destinations" | "onAdopted" | "onLost" | "onTakenOver"
> {
  return {
    ...context,
    head: () => head,
    onAdopted: (count) => listener.adopted(count),
    onLost: (loss) => listener.lost(loss),
    onTakenOver: (waiting) => listener.takenOver(waiting),
  };
}
