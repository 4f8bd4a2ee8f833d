const listener = () => console.log("never called");
process.on("unhandledRejection", listener);
process.off("unhandledRejection", listener);
console.log("listeners:", process.listenerCount("unhandledRejection"));
Promise.reject(new Error("rejected"));
setTimeout(() => console.log("still here"), 30);
