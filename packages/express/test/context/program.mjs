/**
 * Interleaves requests through libraries that lose the asynchronous context, without a request handler, and prints how
 * many events there are, how many name the wrong user or request, and what ended up in the scope of the process.
 *
 *     node program.mjs REQUESTS
 */
import { EventEmitter, once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { bind, captureException, init, setUser } from "@corvid/core";
import { recordingTransport } from "@corvid/core/testing";
import busboy from "busboy";
import express from "express";
import formidable from "formidable";
import multer from "multer-1";
import { WebSocket, WebSocketServer } from "ws";

const REQUESTS = Number(process.argv[2]);
const AT_ONCE = 50;
const SOCKETS = 200;
/** Node announces the streams of HTTP/2 from version 24 on. */
const STREAMS = Number.parseInt(process.versions.node, 10) < 24 ? 0 : 200;

const transport = recordingTransport();
const client = init({
  dsn: false,
  transport,
  once: false,
  queueSize: 100_000,
  queueBytes: 2 ** 30,
  limits: { eventBytes: 65_536 },
});

/** Answers, late and in any order, on connections that all requests share. */
class Pool extends EventEmitter {
  #waiting = [];
  #timer = setInterval(() => this.#answer(), 2);

  query(text, callback) {
    this.#waiting.push({ text, callback });
  }

  end() {
    clearInterval(this.#timer);
  }

  #answer() {
    for (const { text, callback } of this.#waiting.splice(0).reverse()) callback(null, text);
  }
}

const pool = new Pool();
const upload = multer({ storage: multer.memoryStorage() }).any();

/** How each library is used: calls `found` in its own callback. */
const LIBRARIES = {
  raw: (request, found) => {
    request.on("data", () => undefined);
    request.on("end", found);
  },
  multer: (request, found) => upload(request, {}, found),
  busboy: (request, found) => {
    const parser = busboy({ headers: request.headers });
    parser.on("file", (_name, stream) => stream.resume());
    parser.on("close", found);
    request.pipe(parser);
  },
  formidable: (request, found) => formidable({}).parse(request, found),
  json: (request, found) => express.json()(request, {}, found),
  pool: (request, found) => {
    request.resume();
    pool.query("select 1", bind(found));
  },
  timer: (request, found) => {
    request.resume();
    setTimeout(found, Math.random() * 5);
  },
  async: async (request, found) => {
    for await (const _ of request);
    found();
  },
  finished: (request, found, response) => {
    request.resume();
    response.once("finish", found);
    response.end();
  },
};

const app = express();
app.post("/:library/:id", (request, response) => {
  const { library, id } = request.params;
  LIBRARIES[library](
    request,
    () => {
      setUser({ id });
      setTimeout(() => {
        captureException(new Error(`${library} ${id}`));
        response.end();
      }, Math.random() * 4);
    },
    response,
  );
});

const server = http.createServer(app);
const sockets = new WebSocketServer({ server });
sockets.on("connection", (socket, request) => {
  const id = request.url.slice(1);
  setUser({ id });
  socket.on("message", () => captureException(new Error(`ws ${id}`)));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });

const names = Object.keys(LIBRARIES);
let next = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < REQUESTS) {
      const id = next++;
      await send(names[id % names.length], id);
    }
  }),
);
await talk();
await stream();

agent.destroy();
pool.end();
sockets.close();
await client.flush(20_000);
const wrong = transport.events.filter((event) => {
  const [library, id] = event.exception.values[0].value.split(" ");
  const path = library === "ws" || library === "http2" ? `/${id}` : `/${library}/${id}`;
  return event.user?.id !== id || new URL(event.request?.url ?? "none:/").pathname !== path;
});
process.stdout.write(
  JSON.stringify({
    events: transport.events.length,
    wrong: wrong.map((event) => [event.exception.values[0].value, event.user?.id, event.request?.url]),
    process: client.scope.snapshot().user ?? null,
  }),
);
server.close();
server.closeAllConnections();

function send(library, id) {
  const isForm = ["multer", "busboy", "formidable"].includes(library);
  const boundary = `b${id}`;
  const [type, body] = isForm
    ? [
        `multipart/form-data; boundary=${boundary}`,
        `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n${"x".repeat(3000)}\r\n--${boundary}--\r\n`,
      ]
    : ["application/json", JSON.stringify({ id, text: "x".repeat(1000) })];
  return new Promise((resolve, reject) => {
    const headers = { "content-type": type, "content-length": Buffer.byteLength(body) };
    const request = http.request({ port, path: `/${library}/${id}`, method: "POST", agent, headers });
    request.on("error", reject);
    request.on("response", (response) => response.resume().on("end", resolve));
    // In two parts, so that the second arrives among other requests.
    request.write(body.slice(0, 500));
    setTimeout(() => request.end(body.slice(500)), Math.random() * 3);
  });
}

/** All connections are open before the first message. */
async function talk() {
  const open = await Promise.all(
    Array.from({ length: SOCKETS }, async (_, index) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/${REQUESTS + index}`);
      await once(socket, "open");
      return socket;
    }),
  );
  for (const socket of open) {
    socket.send("one");
    socket.close();
  }
  await Promise.all(open.map((socket) => once(socket, "close")));
}

/** All streams share one connection. */
async function stream() {
  const other = http2.createServer((request, response) => {
    const id = request.url.slice(1);
    request.on("data", () => undefined);
    request.on("end", () => {
      setUser({ id });
      setTimeout(() => {
        captureException(new Error(`http2 ${id}`));
        response.end();
      }, Math.random() * 4);
    });
  });
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const session = http2.connect(`http://127.0.0.1:${other.address().port}`);
  await Promise.all(
    Array.from({ length: STREAMS }, async (_, index) => {
      const request = session.request({ ":path": `/${REQUESTS + SOCKETS + index}`, ":method": "POST" });
      request.write("first ");
      setTimeout(() => request.end("second"), Math.random() * 3);
      await once(request.resume(), "close");
    }),
  );
  session.close();
  other.close();
}
