globalThis.corvid.captureMessage("before");
process.on("exit", () => {
  process.exitCode = 6;
});
