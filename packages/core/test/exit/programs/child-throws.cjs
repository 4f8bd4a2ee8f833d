const { fork } = require("node:child_process");
if (process.argv[2] === "child") throw new Error("in the child");
fork(__filename, ["child"]).on("exit", (code) => console.log("child:", code));
