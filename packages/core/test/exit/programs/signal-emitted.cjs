globalThis.corvid.captureException(new Error("caught"));
setTimeout(() => process.emit("SIGTERM", "SIGTERM"), 5);
setTimeout(() => console.log("still here"), 20);
