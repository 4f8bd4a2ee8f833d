const values = {
  undefined: undefined,
  null: null,
  symbol: Symbol("thrown"),
  text: "thrown text",
  bare: Object.create(null),
  frozen: Object.freeze(new Error("frozen")),
  trap: new Proxy(new Error("trap"), {
    get() {
      throw new Error("do not look");
    },
  }),
};
throw values[process.argv[2]];
