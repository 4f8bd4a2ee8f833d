const domain = require("node:domain").create();
domain.on("error", (error) => console.log("survived:", error.message));
domain.run(() =>
  setTimeout(() => {
    throw new Error("thrown");
  }, 5),
);
