const events = [
  "uncaughtException",
  "unhandledRejection",
  "rejectionHandled",
  "beforeExit",
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
];
const count = () => events.map((event) => process.listenerCount(event)).join(" ");
console.log(count(), process.listeners("unhandledRejection").length, process.getMaxListeners());
globalThis.corvid.captureException(new Error("caught"));
globalThis.corvid.flush().then(() => console.log(count()));
