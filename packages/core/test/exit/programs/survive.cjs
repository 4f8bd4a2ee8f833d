process.on("uncaughtException", (error, origin) => console.log("survived:", error.message, origin));
for (const name of ["one", "two", "three"]) {
  setTimeout(() => {
    throw new Error(name);
  }, 10);
}
setTimeout(() => Promise.reject(new Error("four")), 20);
