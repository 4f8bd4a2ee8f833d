globalThis.corvid.captureException(new Error("caught"));
setTimeout(() => process.kill(process.pid, process.argv[2]), 5);
setInterval(() => undefined, 1000);
