/** Where figures come from, as far as it explains them; never the host's name. */
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { mebibytes } from "./statistics.mjs";

export function describeMachine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() || "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(mebibytes(totalmem()) / 1024),
    loadAtStart: Number(loadavg()[0].toFixed(1)),
  };
}
