globalThis.corvid.captureException(new Error("caught"));
process.exitCode = 3;
