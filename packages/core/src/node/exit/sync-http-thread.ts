/**
 * What the thread runs that posts while the main one waits. A text, because a bundled application has no file to
 * start a thread from, and a function's own text is no longer itself after bundlers and coverage tools.
 *
 * It takes {@link PostOrder}s and writes onto the order's board: in cell `1 + n` the status of the answer to letter `n`
 * (-1: none), in cell 0 how many have one; whoever waits on cell 0 is woken.
 */
export const POST_THREAD: string = `"use strict";
const { parentPort } = require("node:worker_threads");

/** Loaded when it is needed, for nobody waits for TLS who does not speak it. */
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

/** Where requests go: to the server, or to the proxy that forwards them. */
function routeOf({ url, proxy, trust, atOnce }) {
  const isForwarded = proxy !== undefined && url.protocol === "http:";
  const { protocol, host, port } = isForwarded ? proxy : { protocol: url.protocol, host: url.hostname, port: url.port };
  const client = clientFor(protocol);
  const agent = new client.Agent({ keepAlive: true, maxSockets: atOnce });
  if (proxy !== undefined && !isForwarded) tunnel(agent, { url, proxy, trust });
  const path = isForwarded ? url.href : url.pathname + url.search;
  const options = { method: "POST", host: host.replace(/^\\[|\\]$/g, ""), port, path, agent, ...trust };
  const headers = { host: url.host };
  if (isForwarded && proxy.authorization) headers["proxy-authorization"] = proxy.authorization;
  return { agent, post: (more) => client.request({ ...options, headers: { ...headers, ...more } }) };
}

function take({ url, letters, board, deadlineMs, ...rest }) {
  const cells = new Int32Array(board);
  const settle = (index, status) => {
    if (Atomics.compareExchange(cells, 1 + index, 0, status) !== 0) return;
    Atomics.add(cells, 0, 1);
    Atomics.notify(cells, 0);
  };
  try {
    const { agent, post } = routeOf({ url: new URL(url), ...rest });
    letters.forEach(({ headers, body }, index) => {
      const request = post(headers);
      request.on("response", (answer) => {
        settle(index, answer.statusCode);
        answer.resume();
      });
      request.on("error", () => settle(index, -1));
      request.end(body);
    });
    setTimeout(() => agent.destroy(), deadlineMs).unref();
  } catch {
    letters.forEach((_, index) => settle(index, -1));
  }
}

parentPort.on("message", take);
`;
