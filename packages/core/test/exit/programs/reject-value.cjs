Promise.reject({ text: undefined, value: undefined, number: 42, string: "rejected text" }[process.argv[2]]);
setTimeout(() => console.log("still here"), 30);
