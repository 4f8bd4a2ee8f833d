const { captureException, captureMessage } = globalThis.corvid;
captureMessage("before");
captureException(new Error("caught"));
process.exit(1);
