const { isMainThread, parentPort, Worker } = require("node:worker_threads");
if (isMainThread) {
  const worker = new Worker(__filename);
  worker.on("message", () => worker.terminate());
  worker.on("exit", (code) => console.log("thread:", code));
} else {
  globalThis.corvid.captureMessage("in the thread");
  parentPort.postMessage("captured");
  setInterval(() => undefined, 1000);
}
