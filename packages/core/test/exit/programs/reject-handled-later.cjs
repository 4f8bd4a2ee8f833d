process.on("rejectionHandled", () => console.log("handled after all"));
const promise = Promise.reject(new Error("rejected"));
setTimeout(() => promise.catch(() => undefined), 20);
