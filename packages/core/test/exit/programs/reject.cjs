Promise.reject(new Error("rejected"));
setTimeout(() => console.log("still here"), 30);
