process.on("uncaughtException", () => process.exit(5));
throw new Error("thrown");
