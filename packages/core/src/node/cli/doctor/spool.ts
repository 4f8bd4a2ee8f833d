import { resolve } from "node:path";
import type { Dsn } from "../../../model/dsn.js";
import { listSpool, type SpoolInstance } from "../../spool/list.js";
import { counted, type Finding, type Report } from "../report.js";
import { EXPLAINED } from "../spool.js";
import type { World } from "../world.js";
import { defaultFolder, folderFinding, type SpoolFolder } from "./spool-folder.js";

/**
 * Tells how the folder is that keeps events on disk, and what waits there. Makes nothing, changes nothing.
 *
 * @param given - `--spool`; without it, the folder is the one that Corvid chooses for the DSN
 */
export async function tellSpool(
  given: string | undefined,
  dsn: Dsn | undefined,
  world: World,
  report: Report,
): Promise<void> {
  const folder = given === undefined ? dsn && defaultFolder(dsn, world) : namedFolder(given, world);
  const finding = folder === undefined ? unknownFolder() : folderFinding(folder);
  report.add(finding);
  if (folder === undefined || finding.details?.["exists"] !== true) return;
  for (const found of waitingFindings(folder.path, await listSpool(folder.path))) report.add(found);
}

function namedFolder(given: string, { cwd }: World): SpoolFolder {
  return { path: resolve(cwd, given), source: "--spool" };
}

function unknownFolder(): Finding {
  return {
    topic: "spool",
    state: "note",
    text: "not looked at: its folder is made for the DSN, which is unknown here",
    advice: "If the application has a spool, name its folder: corvid doctor --spool DIR",
    details: { path: null },
  };
}

function waitingFindings(path: string, instances: readonly SpoolInstance[]): readonly Finding[] {
  const isKnown = ({ state }: SpoolInstance): boolean => EXPLAINED[state].state === "ok";
  const strange = instances.filter((instance) => !isKnown(instance));
  return [
    waitingFinding(path, instances.filter(isKnown)),
    ...strange.map(({ state, folder }) => ({
      topic: "waiting",
      text: `${state}: ${folder}`,
      ...EXPLAINED[state],
    })),
  ];
}

function waitingFinding(path: string, instances: readonly SpoolInstance[]): Finding {
  const events = instances.flatMap((instance) => instance.events);
  const raw = events.filter(({ kind }) => kind === "raw").length;
  const captures = events.reduce((sum, event) => sum + event.captures, 0);
  const unreadable = instances.reduce((sum, instance) => sum + instance.unreadable, 0);
  const live = instances.filter(({ state }) => state === "live");
  const left = events.length - live.flatMap((instance) => instance.events).length;
  const base = {
    topic: "waiting",
    details: { events: events.length, raw, captures, left, unreadable, live: live.length },
  };
  const damaged = unreadable === 0 ? "" : `, ${counted(unreadable, "damaged line")}`;
  if (events.length === 0) return { ...base, state: "ok", text: `nothing${damaged}` };
  const text = `${counted(events.length, "event")} (${raw} raw) for ${counted(captures, "capture")}${damaged}`;
  if (left === 0) return { ...base, state: "ok", text: `${text}, of processes that run` };
  return {
    ...base,
    state: "note",
    text: `${text}, ${left} of them left by processes that ended`,
    advice: `The application delivers them when it runs with this spool. corvid spool ${path} shows them, and sends the finished ones.`,
  };
}
