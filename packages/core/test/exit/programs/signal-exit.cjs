// What the package signal-exit does: runs its callbacks, and re-raises if nobody else has a say.
const ours = () => {
  if (process.listeners("SIGTERM").length !== 1) return;
  process.off("SIGTERM", ours);
  console.log("cleaned up");
  process.kill(process.pid, "SIGTERM");
};
globalThis.corvid.captureException(new Error("caught"));
setTimeout(() => {
  process.on("SIGTERM", ours);
  console.log("ready");
}, 5);
setInterval(() => undefined, 1000);
