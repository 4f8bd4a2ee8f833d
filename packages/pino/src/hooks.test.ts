import { close, init } from "@corvid/core";
import { recordingTransport } from "@corvid/core/testing";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { handler } from "./index.js";

afterEach(() => close());

describe("handler()", () => {
  test("does not report what the application's own hooks log", async () => {
    const lines: string[] = [];
    const log = pino({ hooks: handler() }, { write: (line) => void lines.push(line) });
    const transport = recordingTransport();
    const client = init({
      dsn: false,
      transport,
      once: false,
      processors: [
        (event) => {
          log.error("processing");
          return event;
        },
      ],
      beforeSend: (event) => {
        log.error({ err: new Error("logged while sending") }, "sending");
        return event;
      },
      beforeBreadcrumb: (crumb) => {
        log.warn("adding");
        return crumb;
      },
    });
    log.info("a step");
    log.error("the failure");
    await client.flush();

    expect(transport.events.map(({ message }) => message)).toEqual(["the failure"]);
    expect(lines.map((line) => JSON.parse(line).msg).sort()).toEqual(
      ["a step", "adding", "processing", "sending", "the failure"].sort(),
    );
    expect(client.stats()).toMatchObject({ captured: 1, delivered: 1 });
  });
});
