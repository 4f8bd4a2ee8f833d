process.setUncaughtExceptionCaptureCallback((error) => console.log("survived:", error.message));
setTimeout(() => console.log("still here"), 20);
throw new Error("thrown");
