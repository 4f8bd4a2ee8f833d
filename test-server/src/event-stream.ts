import type { ServerResponse } from "node:http";

/** Readers that are told of every event as it arrives, as server-sent events. */
export interface EventStream {
  /** Takes over a response. @returns `false` when there are too many readers already */
  add(response: ServerResponse): boolean;
  /** Tells all readers. `data` goes out as JSON. */
  publish(name: "event" | "clear", data: object): void;
}

const MOST_READERS = 32;
/** A reader that does not read is let go when so much waits for it. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** Makes a stream without readers. */
export function createEventStream(): EventStream {
  const readers = new Set<ServerResponse>();
  return {
    add(response) {
      if (readers.size >= MOST_READERS) return false;
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      // The first bytes, so that the reader knows it is heard; and how soon it may come back.
      response.write("retry: 1000\n\n");
      readers.add(response);
      response.once("close", () => readers.delete(response));
      return true;
    },
    publish(name, data) {
      const message = `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
      for (const reader of readers) {
        if (reader.writableLength > MOST_WAITING_BYTES) reader.destroy();
        else reader.write(message);
      }
    },
  };
}
