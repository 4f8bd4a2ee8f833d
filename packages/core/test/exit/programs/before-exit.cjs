let times = 0;
process.on("beforeExit", () => {
  console.log("beforeExit", ++times);
  globalThis.corvid.captureException(new Error("nearly over"), { level: "fatal" });
});
