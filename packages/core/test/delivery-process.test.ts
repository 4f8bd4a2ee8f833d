import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProgram, ended, type Program } from "./support/child.js";

/** Offers events to `argv[2]`, then does what `argv[3]` says. */
const CODE = `
import { randomBytes } from "node:crypto";
import { systemClock } from "./node/clock.js";
import { silentDiagnostics } from "./model/diagnostics.js";
import { parseDsn } from "./model/dsn.js";
import { eventEnvelope } from "./transport/envelope.js";
import { createSentryTransport } from "./node/http/sentry-transport.js";
import { createDelivery } from "./delivery/delivery.js";

const [dsn, then, size = "100"] = process.argv.slice(2);
const transport = createSentryTransport({
  dsn: parseDsn(dsn), sdk: { name: "t", version: "1" }, requestTimeoutMs: 8000, clock: systemClock,
  diagnostics: silentDiagnostics, userAgent: "t", proxy: false,
});
const delivery = createDelivery({
  transport, clock: systemClock, random: Math.random, diagnostics: silentDiagnostics, newId: () => "f".repeat(32),
  queueSize: 10_000, queueBytes: 2 ** 30, onSettled: () => undefined,
});
async function main() {
  for (let number = 0; number < 4; number++) {
    const id = String(number).padStart(32, "0");
    // Random text hardly shrinks under gzip, so it fills the socket's buffers.
    const text = randomBytes(Number(size)).toString("base64");
    delivery.offer(eventEnvelope({ id, payload: JSON.stringify({ event_id: id, text }) }));
  }
  if (then === "flush") console.log("flushed", await delivery.flush(700));
  if (then === "close") console.log("closed", await delivery.close(700));
  if (then === "linger") {
    // Long enough for requests to be under way, and then nothing.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    console.log("in flight", delivery.stats().inFlight > 0);
  }
}
main();
`;

let program: Program;
beforeAll(async () => {
  program = await createProgram(CODE);
});
afterAll(() => program.remove());

/** Accepts connections and says nothing; reads only if told to. */
async function hung(reads: boolean): Promise<{ dsn: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect: !reads }, (socket) => {
    sockets.add(socket.on("error", () => undefined));
    if (reads) socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    dsn: `http://key@127.0.0.1:${(server.address() as AddressInfo).port}/1`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

describe("a process that delivers", () => {
  test.each([
    ["answers nothing", true, "100"],
    ["reads nothing, with buffers full", false, "20000000"],
  ])("ends with its own code although the server %s", async (_, reads, size) => {
    const server = await hung(reads);
    const { code, out, err, afterMs } = await ended(program.start([server.dsn, "linger", size]));
    await server.close();

    expect({ code, out, err }).toEqual({ code: 0, out: "in flight true\n", err: "" });
    expect(afterMs).toBeLessThan(6000);
  });

  test("ends at once although the port is closed", async () => {
    const { code, err, afterMs } = await ended(program.start(["http://key@127.0.0.1:1/1", "linger"]));

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(afterMs).toBeLessThan(3000);
  });

  test.each(["flush", "close"])("waits for an awaited %s, and no longer than it may take", async (then) => {
    const server = await hung(true);
    const { code, out, afterMs } = await ended(program.start([server.dsn, then]));
    await server.close();

    expect({ code, out }).toEqual({ code: 0, out: `${then === "flush" ? "flushed" : "closed"} false\n` });
    expect(afterMs).toBeGreaterThan(650);
    expect(afterMs).toBeLessThan(4000);
  });
});
