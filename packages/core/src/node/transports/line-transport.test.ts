import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { numbered } from "../../../test/support/script.js";
import { OptionsError } from "../../model/option-checks.js";
import type { Transport } from "../../transport/transport.js";
import { type Carrier, type LineTransportOptions, lineTransport } from "./line-transport.js";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A log server that greets with `HELLO`, wants a name back, and answers each line with `OK id` or `NO id`. */
interface LogServer {
  readonly port: number;
  readonly lines: string[];
  readonly sockets: Socket[];
  readonly refused: Set<string>;
  isMute: boolean;
}

async function startLogServer(): Promise<LogServer> {
  const state: LogServer = { port: 0, lines: [], sockets: [], refused: new Set(), isMute: false };
  const server: Server = createServer((socket) => {
    state.sockets.push(socket);
    socket.setEncoding("utf8").on("error", () => undefined);
    socket.write("HELLO\n");
    let rest = "";
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const text of lines) {
        state.lines.push(text);
        if (state.isMute || text.startsWith("NAME")) continue;
        const { event_id: id } = JSON.parse(text) as { event_id: string };
        socket.write(`${state.refused.has(id) ? "NO" : "OK"} ${id}\n`);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  undo.push(() => {
    for (const socket of state.sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(state, { port: (server.address() as AddressInfo).port });
}

function tcpCarrier(port: number): Carrier {
  let socket: Socket | undefined;
  let listener: (chunk: Uint8Array | undefined) => void = () => undefined;
  return {
    async open() {
      if (socket?.writable) return false;
      const opened = connect(port, "127.0.0.1").on("error", () => undefined);
      await once(opened, "connect");
      opened.on("data", listener).on("close", () => {
        if (socket === opened) listener(undefined);
      });
      socket = opened;
      return true;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket?.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    onData: (given) => {
      listener = given;
    },
    close() {
      socket?.destroy();
      socket = undefined;
    },
  };
}

function transportTo({ port }: LogServer, options: Partial<LineTransportOptions> = {}): Transport {
  const transport = lineTransport({
    name: "log",
    carrier: tcpCarrier(port),
    async handshake(stream) {
      const greeting = Buffer.from(await stream.read()).toString();
      if (greeting !== "HELLO\n") throw new Error(`expected HELLO, received ${greeting}`);
      await stream.write("NAME shop\n");
    },
    acknowledge(received, batch) {
      const answers = Buffer.from(received).toString().split("\n").slice(0, -1);
      if (answers.length < batch.length) return undefined;
      return answers.map((answer) => ({ kind: answer.startsWith("OK") ? "accepted" : "refused" }));
    },
    ...options,
  });
  undo.push(() => transport.close?.(0));
  return transport;
}

describe("lineTransport() over TCP", () => {
  test("shakes hands once, and has a verdict for each line from its acknowledgement", async () => {
    const server = await startLogServer();
    const transport = transportTo(server);
    server.refused.add(numbered(2).id);
    const first = await transport.send([numbered(1), numbered(2), numbered(3)]);
    const second = await transport.send([numbered(4)]);

    expect([...first, ...second].map(({ kind }) => kind)).toEqual([
      "accepted",
      "refused",
      "accepted",
      "accepted",
    ]);
    expect(server.lines).toEqual(["NAME shop", ...[1, 2, 3, 4].map((number) => numbered(number).payload)]);
    expect(server.sockets).toHaveLength(1);
  });

  test("rejects when the other side closes before it acknowledges, and opens anew", async () => {
    const server = await startLogServer();
    const transport = transportTo(server);
    server.isMute = true;
    const sending = transport.send([numbered(1)]);
    const closing = (async () => {
      while (server.lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      server.sockets[0]!.destroy();
    })();
    await expect(sending).rejects.toThrow("the other side closed the stream");
    await closing;
    server.isMute = false;

    expect(await transport.send([numbered(1)])).toEqual([{ kind: "accepted" }]);
    expect(server.sockets).toHaveLength(2);
  });

  test("rejects after its deadline, and never takes a late acknowledgement for that of the next batch", async () => {
    const server = await startLogServer();
    const transport = transportTo(server, { timeoutMs: 200 });
    server.isMute = true;
    await expect(transport.send([numbered(1)])).rejects.toThrow("no answer within 200 ms");
    server.isMute = false;

    expect(await transport.send([numbered(2)])).toEqual([{ kind: "accepted" }]);
    expect(server.sockets).toHaveLength(2);
  });

  test("writes the records and frames it is given, and has nothing to send at the end of the process", async () => {
    const server = await startLogServer();
    const transport = transportTo(server, {
      handshake: undefined,
      acknowledge: undefined,
      encode: ({ id }) => (id === numbered(2).id ? undefined : JSON.stringify({ event_id: id })),
      frame: (record) => Buffer.concat([record, Buffer.from("\n")]),
    });
    await transport.send([numbered(1), numbered(2)]);
    while (server.lines.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));

    expect(server.lines).toEqual([JSON.stringify({ event_id: numbered(1).id })]);
    expect(transport.sendSync).toBeUndefined();
  });
});

test.each<[string, unknown]>([
  ["lineTransport.carrier", {}],
  ["lineTransport.carrier", { carrier: { open: () => false } }],
  ["lineTransport.maxBatch", { carrier: tcpCarrier(1), maxBatch: 0 }],
])("lineTransport() names an option that cannot be used: %s", (option, options) => {
  expect(() => lineTransport(options as LineTransportOptions)).toThrow(OptionsError);
  expect(() => lineTransport(options as LineTransportOptions)).toThrow(option);
});
