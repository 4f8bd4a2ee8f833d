const { captureException, close } = globalThis.corvid;
let errors = 0;
process.on("uncaughtException", (error) => {
  console.log("last:", error.message);
  captureException(error);
  close();
  if (++errors === 2) setTimeout(() => process.exit(4), 300);
});
setTimeout(() => {
  throw new Error("first");
}, 1);
setTimeout(() => {
  throw new Error("second");
}, 2);
