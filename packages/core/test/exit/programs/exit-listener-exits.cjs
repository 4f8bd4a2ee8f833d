globalThis.corvid.captureMessage("before");
process.on("exit", () => process.exit(9));
