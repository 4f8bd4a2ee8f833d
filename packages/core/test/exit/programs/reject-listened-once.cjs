process.once("unhandledRejection", (reason) => console.log("listener:", reason.message));
Promise.reject(new Error("first"));
setTimeout(() => Promise.reject(new Error("second")), 20);
setTimeout(() => console.log("still here"), 60);
