globalThis.corvid.captureException(new Error("caught"));
setTimeout(() => {
  process.once("SIGTERM", () => console.log("not yet"));
  process.kill(process.pid, "SIGTERM");
}, 5);
setTimeout(() => process.exit(0), 60);
