globalThis.corvid.captureException(new Error("caught"));
Promise.resolve().then(() => process.exit(2));
