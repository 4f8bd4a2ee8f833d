globalThis.corvid.captureMessage("before");
process.on("exit", () => {
  throw new Error("in the listener");
});
process.on("exit", () => console.log("never called"));
