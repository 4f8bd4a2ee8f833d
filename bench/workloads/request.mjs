/** A healthy Express application, bare or with a client's middleware. */
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import { serve } from "../harness/serve.mjs";
import "./loopback.mjs";

const require = createRequire(import.meta.url);
const PREPARE = {
  bare: prepareBare,
  again: prepareBare,
  context: prepareContext,
  scope: prepareScope,
  corvid: prepareCorvid,
  "sentry-10": prepareSentry,
};

let prepared;

serve({
  /** @returns {Promise<number>} the port it listens on */
  async start(variant, sinkPort) {
    prepared = await PREPARE[variant](sinkPort);
    const express = require("express");
    const app = express();
    prepared.before(app);
    app.get("/orders/:id", (request, response) => {
      response.json({ id: request.params.id, state: "paid", lines: [1, 2, 3] });
    });
    prepared.after(app);
    return new Promise((resolve) => {
      const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
    });
  },

  /** The middleware by itself, called with requests that are let go of at once: microseconds of CPU per call. */
  middlewareUs(times) {
    const handlers = [];
    prepared.before({ use: (handler) => handlers.push(handler) });
    if (handlers.length === 0) return Number.NaN;
    const response = {};
    let answered = 0;
    const cpu = process.cpuUsage();
    for (let n = 0; n < times; n += 1)
      handlers[0]({ method: "GET", url: `/orders/${n}`, headers: {} }, response, () => {
        answered += 1;
      });
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / answered;
  },

  /** CPU time so far, in microseconds. */
  cpuUs() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});

async function prepareBare() {
  return { before() {}, after() {} };
}

/** The least that keeps what belongs to one request from another. */
async function prepareContext() {
  const storage = new AsyncLocalStorage();
  return {
    before: (app) => app.use((_request, _response, next) => storage.run({}, () => next())),
    after() {},
  };
}

/** Corvid is started and nothing of it mounted. */
async function prepareScope(sinkPort) {
  const { init } = await import("@corvid/core");
  init({ dsn: `http://benchkey@127.0.0.1:${sinkPort}/1` });
  return { before() {}, after() {} };
}

async function prepareCorvid(sinkPort) {
  const { init } = await import("@corvid/core");
  const { errorHandler, requestHandler } = await import("@corvid/express");
  init({ dsn: `http://benchkey@127.0.0.1:${sinkPort}/1` });
  return { before: (app) => app.use(requestHandler()), after: (app) => app.use(errorHandler()) };
}

async function prepareSentry(sinkPort) {
  const sentry = require("sentry-node-10");
  sentry.init({ dsn: `http://benchkey@127.0.0.1:${sinkPort}/1` });
  return { before() {}, after: (app) => sentry.setupExpressErrorHandler(app) };
}
