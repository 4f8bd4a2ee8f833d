const { captureException, captureMessage } = globalThis.corvid;
process.on("exit", () => captureException(new Error("in the first listener")));
process.on("exit", (code) => captureMessage(`in the second listener: ${code}`));
