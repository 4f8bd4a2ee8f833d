globalThis.corvid.captureException(new Error("caught"));
console.log("ready");
for (;;);
