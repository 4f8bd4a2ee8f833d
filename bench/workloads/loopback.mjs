/** Keeps a measured process on the loopback: a connection to any other address fails. */
import { Socket } from "node:net";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
const connect = Socket.prototype.connect;

Socket.prototype.connect = function connectToLoopback(...given) {
  const target = Array.isArray(given[0]) ? given[0][0] : given[0];
  const isOutside =
    typeof target === "object" && target.path === undefined && !LOOPBACK.has(target.host ?? "localhost");
  if (!isOutside) return connect.apply(this, given);
  process.nextTick(() => this.destroy(new Error("the bench stays on the loopback")));
  return this;
};
