process.emitWarning("beware", { code: "TEST001", detail: "a detail" });
process.emitWarning("old", "DeprecationWarning", "TEST002");
setTimeout(() => {
  throw new Error("thrown");
}, 10);
