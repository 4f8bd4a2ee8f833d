const { isMainThread, Worker } = require("node:worker_threads");
if (!isMainThread) throw new Error("in the thread");
const worker = new Worker(__filename);
worker.on("error", (error) => console.log("main:", error.message));
worker.on("exit", (code) => console.log("thread:", code));
