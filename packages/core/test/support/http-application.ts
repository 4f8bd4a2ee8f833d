import { once } from "node:events";
import http, { type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, type ClientOptions, close, init } from "@corvid/core";
import { type EventPayload, startTestServer, type TestServer } from "@corvid/test-server";
import { afterEach, beforeEach, expect } from "vitest";

/** What the tests of a framework's package stand on: a server that gets events, and applications that listen. */
export interface HttpApplications {
  /** The server of the test that is running. */
  readonly server: TestServer;
  /** Starts reporting to it. */
  start(options?: ClientOptions): Client;
  /** Serves an application. @returns its URL, without a slash at the end */
  listen(application: RequestListener): Promise<string>;
  /** Waits for an event, ends reporting and gives the event; it must be the only one. */
  onlyEvent(): Promise<EventPayload>;
}

/** Sets up the same for each test of a file, and clears away after it. */
export function httpApplications(): HttpApplications {
  let server: TestServer;
  const listening: Server[] = [];

  beforeEach(async () => {
    server = await startTestServer();
  });

  afterEach(async () => {
    await close();
    for (const application of listening.splice(0)) {
      application.closeAllConnections();
      application.close();
    }
    expect(server.problems()).toEqual([]);
    await server.close();
  });

  return {
    get server() {
      return server;
    },
    start: (options) => init({ dsn: server.dsn, release: "shop@1.2.3", ...options }),
    async listen(application) {
      const started = http.createServer(application).listen(0, "127.0.0.1");
      listening.push(started);
      await once(started, "listening");
      return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
    },
    async onlyEvent() {
      await server.waitForEvents(1);
      await close();
      expect(server.events()).toHaveLength(1);
      return server.events()[0]!.event;
    },
  };
}
