globalThis.corvid.captureException(new Error("caught"));
setInterval(() => undefined, 1000);
setTimeout(() => console.log("ready"), 5);
