const { isMainThread, Worker } = require("node:worker_threads");
if (!isMainThread) throw new Error("in the thread");
new Worker(__filename);
