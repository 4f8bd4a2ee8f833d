/** Load on a local HTTP server: GET requests over connections that stay open, by a client that does as little as it can. */
import { connect } from "node:net";

/** The end of an answer that is not chunked and whose body is a JSON object. */
const END = "}".charCodeAt(0);

/**
 * Opens connections to a server whose answers to `path` are all of one status, with a JSON object as the body.
 *
 * @param {number} port
 * @param {string} path
 * @param {number} connections
 * @param {number} [status] - default 200
 * @returns {Promise<{ send(count: number): Promise<void>, close(): void }>} `send` has `count` requests answered, and
 *   rejects when an answer is another
 */
export async function openLoad(port, path, connections, status = 200) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  return {
    async send(count) {
      let left = count;
      const next = () => left-- > 0;
      await Promise.all(sockets.map((socket) => keepAsking(socket, request, `HTTP/1.1 ${status}`, next)));
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.setNoDelay(true);
    socket.once("error", reject);
  });
}

/** One request after the other over one connection, for as long as `next` says so. */
function keepAsking(socket, request, answer, next) {
  return new Promise((resolve, reject) => {
    const settle = (failure) => {
      socket.off("data", read).off("close", gone);
      if (failure === undefined) resolve();
      else reject(failure);
    };
    const gone = () => settle(new Error("the server closed the connection"));
    const ask = () => {
      if (next()) socket.write(request);
      else settle();
    };
    let isBegun = false;
    const read = (bytes) => {
      if (!isBegun && bytes.toString("latin1", 0, 12) !== answer)
        return settle(new Error(`answered ${bytes.toString("latin1", 0, 80)}`));
      isBegun = bytes.at(-1) !== END;
      if (!isBegun) ask();
    };
    socket.on("data", read).on("close", gone);
    ask();
  });
}
