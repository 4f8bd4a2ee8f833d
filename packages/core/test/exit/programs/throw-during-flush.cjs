const { captureException, flush } = globalThis.corvid;
captureException(new Error("caught"));
flush().then(() => undefined);
setTimeout(() => {
  throw new Error("meanwhile");
}, 1);
