import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Diagnostics } from "../../src/model/diagnostics.js";
import { messageText } from "../../src/model/messages.js";
import { createIdSource } from "../../src/node/ids.js";
import { createSpoolStore, type FolderSpool, type SpoolOptions } from "../../src/node/spool/store.js";
import type { SpooledEvent, SpoolLoss } from "../../src/spool/store.js";
import { createTestClock, type TestClock } from "./clock.js";

/** A spool with what it said meanwhile. */
export interface TestSpool extends FolderSpool {
  readonly clock: TestClock;
  readonly losses: SpoolLoss[];
  readonly takenOver: string[];
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
  const takenOver: string[] = [];
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
    onTakenOver: (ids) => void takenOver.push(...ids),
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
