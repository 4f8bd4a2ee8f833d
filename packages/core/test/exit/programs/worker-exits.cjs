const { isMainThread, Worker } = require("node:worker_threads");
if (isMainThread) {
  new Worker(__filename).on("exit", (code) => console.log("thread:", code));
} else {
  globalThis.corvid.captureMessage("in the thread");
  process.exit(3);
}
