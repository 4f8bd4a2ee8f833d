globalThis.corvid.captureMessage("before");
await new Promise(() => undefined);
