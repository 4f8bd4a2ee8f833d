process.on("uncaughtException", () => {
  throw new Error("the listener failed as well");
});
throw new Error("thrown");
