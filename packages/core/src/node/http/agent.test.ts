import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createCertificate } from "../../../test/support/certificate.js";
import { startTestProxy } from "../../../test/support/proxy.js";
import { systemClock } from "../clock.js";
import { createAgent } from "./agent.js";

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

describe("createAgent()", () => {
  test("counts a tunnel and the TLS inside it as one socket, whose end is the end of both", async () => {
    const certificate = await createCertificate();
    const server = createServer(certificate, (socket) => socket.on("error", () => undefined)).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    const proxy = await startTestProxy();
    undo.push(() => server.close(), proxy.close);
    const { agent, sockets } = createAgent({
      target: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
      proxy: { protocol: "http:", host: "127.0.0.1", port: Number(proxy.address.split(":")[1]) },
      ca: certificate.cert,
      connections: 1,
      timeoutMs: 5000,
      clock: systemClock,
    });
    const accepted = once(server, "secureConnection") as Promise<[Socket]>;
    const socket = await new Promise<unknown>((resolve, reject) => {
      agent.createConnection({}, (error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
    const [atServer] = await accepted;

    expect([...sockets]).toEqual([socket]);

    const closed = once(atServer, "close");
    for (const each of sockets) each.destroy();
    await closed;
    expect(sockets.size).toBe(0);
  });
});
