let times = 0;
globalThis.corvid.captureException(new Error("caught"), { level: "fatal" });
process.on("beforeExit", () => {
  console.log("beforeExit", ++times);
  if (times < 4) setTimeout(() => undefined, 20);
});
