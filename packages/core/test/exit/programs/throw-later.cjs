const ways = {
  timer: setTimeout,
  immediate: setImmediate,
  tick: process.nextTick,
  microtask: queueMicrotask,
};
ways[process.argv[2]](() => {
  throw new Error("thrown later");
});
