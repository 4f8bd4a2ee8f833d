import { afterEach } from "vitest";
import { CorvidClient } from "../../src/client.js";
import { expectBalance } from "./client.js";

/** After every test of every package, the account of each client that was flushed or closed in it must add up. */
const used = new Set<CorvidClient>();
const { flush, close } = CorvidClient.prototype;

CorvidClient.prototype.flush = function (timeoutMs) {
  used.add(this);
  return flush.call(this, timeoutMs);
};

CorvidClient.prototype.close = function (timeoutMs) {
  used.add(this);
  return close.call(this, timeoutMs);
};

afterEach(() => {
  const clients = [...used];
  used.clear();
  for (const client of clients) expectBalance(client);
});
