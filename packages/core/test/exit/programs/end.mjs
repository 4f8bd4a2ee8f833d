globalThis.corvid.captureException(new Error("caught"));
console.log("the end");
