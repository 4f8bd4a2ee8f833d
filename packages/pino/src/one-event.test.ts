import { once } from "node:events";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { captureException, close, init, wrap } from "@corvid/core";
import { recordingTransport } from "@corvid/core/testing";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { captureExceptions } from "../../decorators/src/index.js";
import { errorHandler, requestHandler } from "../../express/src/index.js";
import { handler } from "./index.js";

interface Answer {
  status(code: number): this;
  end(): void;
}

interface App {
  use(...handlers: unknown[]): void;
  get(path: string, answer: (request: object, response: Answer) => void): void;
  listen(port: number, host: string): Server;
}

/** The framework of the neighbour: this package does not depend on it. */
const express = createRequire(new URL("../../express/package.json", import.meta.url))("express") as () => App;

afterEach(() => close());

test("a failure that is caught, logged, decorated, wrapped and thrown through middleware is one event", async () => {
  const transport = recordingTransport();
  const client = init({ dsn: false, transport });
  const log = pino({ hooks: handler() }, { write: () => undefined });

  class Shop {
    @captureExceptions
    sell(): void {
      const error = new RangeError("sold out");
      captureException(error, { tags: { seen: "caught" } });
      log.error({ err: error, sku: "A-1" }, "cannot sell");
      throw error;
    }
  }
  const app = express();
  app.use(requestHandler());
  app.get("/sell/:sku", (_request, response) => {
    wrap(() => new Shop().sell())();
    response.end();
  });
  app.use(errorHandler());
  app.use((_error: unknown, _request: object, response: Answer, _next: () => void) => {
    response.status(500).end();
  });
  const server: Server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { status } = await fetch(`http://127.0.0.1:${port}/sell/A-1`);
  server.close();
  await client.flush();

  expect(status).toBe(500);
  expect(transport.events).toHaveLength(1);
  expect(transport.events[0]).toMatchObject({
    level: "error",
    transaction: "GET /sell/:sku",
    tags: { seen: "caught" },
    extra: { sku: "A-1" },
    contexts: { log: { message: "cannot sell" } },
    exception: { values: [{ type: "RangeError", value: "sold out", mechanism: { handled: false } }] },
  });
  expect(client.stats()).toMatchObject({ captured: 5, delivered: 1, merged: 4 });
});
