process.on("uncaughtExceptionMonitor", () => {
  throw new Error("the monitor failed as well");
});
throw new Error("thrown");
