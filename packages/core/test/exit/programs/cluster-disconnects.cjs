const cluster = require("node:cluster");
if (cluster.isPrimary) {
  cluster.fork();
  cluster.on("exit", (_, code) => console.log("worker:", code));
} else {
  globalThis.corvid.captureException(new Error("in the cluster"));
  cluster.worker.disconnect();
}
