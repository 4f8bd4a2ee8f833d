import type { Socket } from "node:net";
import type { Clock, Timer } from "../../model/clock.js";
import type { Connector } from "./connector.js";

/** One connection, in the hands of one request at a time. */
export interface Connection {
  readonly socket: Socket;
  /** Opened just now. Any other may have died unnoticed. */
  isFresh: boolean;
  /** How long it may rest when it is free. Whoever has it may ask for less. */
  restMs: number;
}

/** Gets a connection, or why there is none. Must not throw. */
export type Taker = (connection: Connection | Error) => void;

/** What connections need. */
export interface HttpConnectionsOptions {
  readonly connector: Connector;
  /** How many there may be, those being opened included. */
  readonly connections: number;
  readonly clock: Clock;
}

const REST_MS = 30_000;

/**
 * The connections to one server. Whoever asks gets the first that is free or open, in the order of asking; it comes
 * back when its socket says `free`, as Node's requests have it.
 */
export class HttpConnections {
  readonly #options: HttpConnectionsOptions;
  readonly #takers = new Set<Taker>();
  /** The last one is taken first, so that those that are not needed run out. */
  readonly #resting = new Map<Connection, Timer>();
  #opening = 0;
  #open = 0;

  constructor(options: HttpConnectionsOptions) {
    this.#options = options;
  }

  get isOpening(): boolean {
    return this.#opening > 0;
  }

  /** Asks for a connection. @returns takes the question back, where it is not answered yet */
  take(taker: Taker): () => void {
    const connection = [...this.#resting.keys()].findLast(({ socket }) => socket.writable);
    if (connection === undefined) {
      this.#takers.add(taker);
      this.#openMore();
    } else {
      this.#wake(connection);
      taker(connection);
    }
    return () => void this.#takers.delete(taker);
  }

  /** Closes those that rest. */
  closeResting(): void {
    for (const connection of this.#resting.keys()) this.#drop(connection);
  }

  #openMore(): void {
    const { connector, connections } = this.#options;
    while (this.#opening < this.#takers.size && this.#open + this.#opening < connections) {
      this.#opening++;
      connector.connect((error, socket) => {
        this.#opening--;
        if (socket === null || socket.destroyed)
          this.#failed(error ?? new Error("the connection was closed"));
        else this.#opened(socket);
        this.#openMore();
      });
    }
  }

  #opened(socket: Socket): void {
    const connection: Connection = { socket, isFresh: true, restMs: REST_MS };
    this.#open++;
    socket
      .on("free", () => {
        connection.isFresh = false;
        this.#offer(connection);
      })
      // What comes unasked, a `408` before the server closes, say, must not be read as the answer to the next request.
      .on("data", () => {
        if (this.#resting.has(connection)) this.#drop(connection);
      })
      .on("close", () => {
        this.#open--;
        this.#wake(connection);
        this.#openMore();
      });
    this.#offer(connection);
  }

  /** One that waits hears of it, unless there are others under way for all who wait. */
  #failed(error: Error): void {
    const [taker] = this.#takers;
    if (taker === undefined || this.#opening >= this.#takers.size) return;
    this.#takers.delete(taker);
    taker(error);
  }

  #offer(connection: Connection): void {
    const [taker] = this.#takers;
    if (!connection.socket.writable) {
      connection.socket.destroy();
    } else if (taker === undefined) {
      this.#rest(connection);
    } else {
      this.#takers.delete(taker);
      taker(connection);
    }
  }

  #rest(connection: Connection): void {
    connection.isFresh = false;
    const { restMs } = connection;
    if (restMs <= 0) connection.socket.destroy();
    else
      this.#resting.set(
        connection,
        this.#options.clock.schedule(() => this.#drop(connection), restMs),
      );
  }

  #wake(connection: Connection): void {
    this.#resting.get(connection)?.cancel();
    this.#resting.delete(connection);
  }

  #drop(connection: Connection): void {
    this.#wake(connection);
    connection.socket.destroy();
  }
}
