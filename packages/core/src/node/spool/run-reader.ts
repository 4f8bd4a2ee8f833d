import { rm } from "node:fs/promises";
import { join } from "node:path";
import { memoryGroup } from "../host/control-group.js";
import { readFileStart } from "./file-start.js";
import { latestText, MAX_FILE_BYTES, RUN_FILE } from "./run-file.js";
import type { RunFinding } from "./run-finding.js";
import { watchProcess } from "./run-process.js";
import { type RunRecord, readRunRecord } from "./run-record.js";
import { readCrashReport } from "./run-report.js";
import { REPORT_FOLDER } from "./run-report-setting.js";
import { type CaptureContext, judgeRun } from "./run-verdict.js";

/**
 * Finds out what became of a process, from what it left in its folder, and takes that away: it is told of once.
 *
 * @param folder - that of a process that gives no sign of life, taken over so that nobody else looks into it
 * @param now - milliseconds since the Unix epoch
 * @returns `undefined` where there is nothing to tell, as after an exit, or nothing that can be read
 */
export async function readRun(folder: string, now: number): Promise<RunFinding | undefined> {
  const [file, reports] = [join(folder, RUN_FILE), join(folder, REPORT_FOLDER)];
  const [content, report] = [await readFileStart(file, MAX_FILE_BYTES), await readCrashReport(reports)];
  try {
    await rm(file, { force: true });
    await rm(reports, { force: true, recursive: true });
  } catch {
    // What cannot be removed would be told of at each start.
    return undefined;
  }
  const record = readRunRecord(latestText(content) ?? "");
  if (record === undefined) return undefined;
  const found = report === undefined ? {} : { report };
  const verdict = judgeRun(record, { now, ...(await surroundingsOf(record)), ...found });
  return verdict === undefined ? undefined : { record, verdict, ...found };
}

async function surroundingsOf(record: RunRecord): Promise<Pick<CaptureContext, "group" | "alive">> {
  const { pid, identity } = record;
  const alive = identity === undefined ? undefined : await watchProcess(pid, identity);
  const group = memoryGroup();
  const { oomKills } = group?.read() ?? {};
  return {
    ...(group === undefined || oomKills === undefined ? {} : { group: { id: group.id, oomKills } }),
    ...(alive === undefined ? {} : { alive }),
  };
}
