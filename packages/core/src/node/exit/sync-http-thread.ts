/**
 * The source of the worker thread behind `postSync`. A text, because a bundled application has no file to start a
 * thread from, and bundlers and coverage tools change a function's own text.
 *
 * For each message it posts `requests`. Cell `1 + n` of `cells` gets the status of answer `n` (-1: none), cell
 * `1 + count + n` the length of its body in `bodies`, and cell 0 counts the finished requests; its waiter is woken.
 */
export const SYNC_HTTP_THREAD: string = `"use strict";
const { parentPort } = require("node:worker_threads");

/** Loaded when needed: TLS takes time to load. */
const clientFor = (protocol) => require(protocol === "https:" ? "node:https" : "node:http");

/** Opens connections to the server through the proxy's CONNECT. */
function tunnel(agent, { url, proxy, trust }) {
  const path = url.hostname + ":" + (url.port || 443);
  const headers = { host: path };
  if (proxy.authorization) headers["proxy-authorization"] = proxy.authorization;
  agent.createConnection = (options, done) => {
    const { protocol, host, port } = proxy;
    const request = clientFor(protocol).request({ method: "CONNECT", host, port, path, headers, agent: false, ...trust });
    request.on("error", done);
    request.on("response", () => request.destroy(new Error("the proxy refused the tunnel")));
    request.on("connect", (answer, socket) => {
      if (answer.statusCode === 200) return done(null, require("node:tls").connect({ ...options, socket }));
      socket.destroy();
      done(new Error("the proxy refused the tunnel"));
    });
    request.end();
  };
}

/** The way to an origin: to the server, or to the proxy that forwards requests. */
function routeOf({ url, proxy, trust, connections }) {
  const isForwarded = proxy !== undefined && url.protocol === "http:";
  const { protocol, host, port } = isForwarded ? proxy : { protocol: url.protocol, host: url.hostname, port: url.port };
  const client = clientFor(protocol);
  const agent = new client.Agent({ keepAlive: true, maxSockets: connections });
  if (proxy !== undefined && !isForwarded) tunnel(agent, { url, proxy, trust });
  const options = { method: "POST", host: host.replace(/^\\[|\\]$/g, ""), port, agent, ...trust };
  const authorization = isForwarded && proxy.authorization;
  const post = (url, more) => {
    const headers = { host: url.host, ...more, ...(authorization && { "proxy-authorization": authorization }) };
    return client.request({ ...options, path: isForwarded ? url.href : url.pathname + url.search, headers });
  };
  return { agent, post };
}

function take({ requests, cells, bodies, bodyBytes, deadlineMs, trust, connections }) {
  const count = requests.length;
  const routes = new Map();
  const wayTo = (url, proxy) => {
    if (!routes.has(url.origin)) routes.set(url.origin, routeOf({ url, proxy, trust, connections }));
    return routes.get(url.origin);
  };
  const finished = new Set();
  const finish = (index) => {
    if (finished.has(index)) return;
    finished.add(index);
    Atomics.compareExchange(cells, 1 + index, 0, -1);
    Atomics.add(cells, 0, 1);
    Atomics.notify(cells, 0);
  };
  requests.forEach(({ url, proxy, headers, body }, index) => {
    const read = (answer) => {
      Atomics.store(cells, 1 + index, answer.statusCode);
      if (bodyBytes === 0) {
        finish(index);
        answer.resume();
        return;
      }
      let length = 0;
      answer.on("data", (chunk) => {
        const part = chunk.subarray(0, bodyBytes - length);
        bodies.set(part, index * bodyBytes + length);
        length += part.length;
        Atomics.store(cells, 1 + count + index, length);
      });
      answer.on("error", () => finish(index)).on("close", () => finish(index));
    };
    try {
      const target = new URL(url);
      wayTo(target, proxy).post(target, headers).on("response", read).on("error", () => finish(index)).end(body);
    } catch {
      finish(index);
    }
  });
  setTimeout(() => {
    for (const { agent } of routes.values()) agent.destroy();
  }, deadlineMs).unref();
}

parentPort.on("message", take);
`;
