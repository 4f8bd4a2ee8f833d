process.on("unhandledRejection", (reason) => console.log("listener:", reason.message));
Promise.reject(new Error("rejected"));
setTimeout(() => console.log("still here"), 30);
