import { describe, expect, test } from "vitest";
import type { ClientOptions } from "../src/client/options.js";
import type { Transport } from "../src/transport/transport.js";
import { createTestBench, expectBalance } from "./support/client.js";

/** Takes everything and never answers. */
const hung: Transport = { name: "hung", send: () => new Promise(() => undefined) };

/** Each is a kind of its own: digits would be taken for a number that differs. */
function failure(n: number): Error {
  const message = `case ${n.toString(16).replace(/\d/g, (digit) => "ghijklmnop"[Number(digit)]!)} failed`;
  const lines = Array.from(
    { length: 10 },
    (_, at) => `    at step${at} (/app/src/checkout/payment-service.js:${at}:7)`,
  );
  return Object.assign(new Error(message), { stack: `Error: ${message}\n${lines.join("\n")}` });
}

describe("a server that never answers", () => {
  test.each<[string, ClientOptions]>([
    ["", {}],
    [", with their live errors for a hook,", { beforeSend: (event) => event }],
  ])("ten thousand different failures%s are held, within the default bounds", async (_, options) => {
    const { client } = createTestBench({ transport: hung, ...options });
    for (let n = 0; n < 10_000; n++) {
      client.captureException(failure(n));
      if (n % 20 === 19) await new Promise(setImmediate);
    }

    expect(client.stats()).toMatchObject({ captured: 10_000, queued: 10_000, folded: 0 });
    expect(client.stats().dropped).toEqual({});
    expectBalance(client);
  });
});
