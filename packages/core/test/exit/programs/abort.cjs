globalThis.corvid.captureMessage("before");
process.abort();
