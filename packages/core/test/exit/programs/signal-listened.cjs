globalThis.corvid.captureException(new Error("caught"));
process.on("SIGTERM", () => {
  console.log("closing, listeners:", process.listenerCount("SIGTERM"));
  setTimeout(() => process.exit(0), 10);
});
setInterval(() => undefined, 1000);
console.log("ready");
