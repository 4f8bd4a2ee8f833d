const cluster = require("node:cluster");
if (cluster.isPrimary) {
  cluster.fork();
  cluster.on("exit", (_, code) => console.log("worker:", code));
} else {
  setTimeout(() => {
    throw new Error("in the cluster");
  }, 5);
}
