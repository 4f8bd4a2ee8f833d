import { handlerNotCalled, requestBinding } from "@corvid/core/bridge";
import {
  type ClientChoice,
  FASTIFY,
  type FastifyLike,
  type FastifyReply,
  type FastifyRequest,
  type Reporting,
} from "./fastify.js";

/** Options of {@link requestHandler}. */
export interface FastifyOptions {
  /**
   * The client that reports for a request, in applications that report for several parties: one, or a function that
   * finds it by the request. Default: the current client.
   */
  readonly client?: ClientChoice | undefined;
  /**
   * Which errors are worth an event, whatever the answer is. Default: those answered with a 5xx, and those answered with a
   * 4xx that was not meant: errors of the language, of Node, of drivers and of calls to other servers.
   */
  readonly shouldReport?: ((error: unknown) => boolean) | undefined;
  /**
   * The treatment of a request answered with a 500, 502 or 504 of which no error was seen. Default: the client option
   * `unseen5xx`.
   */
  readonly unseen5xx?: "event" | "warn" | false | undefined;
}

/** A plugin for `app.register`. It applies to the instance that registers it, and to all instances within. */
export type FastifyPlugin = (instance: FastifyLike, options: unknown, done: () => void) => void;

const ON_ERROR = { type: "auto.http.fastify.on_error", handled: false };
const STREAM = { type: "auto.http.fastify.stream", handled: false };

/**
 * Reports the errors of requests, with their route, by hooks alone: replies, logs and error handlers stay as they are.
 * Register it before the routes.
 *
 * The id of the event is then in `reply.corvidEventId`.
 *
 * @throws {OptionsError} for an option that is unknown or cannot be used
 */
export function requestHandler(options: FastifyOptions = {}): FastifyPlugin {
  // Fastify called it as a plugin. It takes a rejection as the plugin's failure, and a throw would be uncaught.
  if (typeof (options as Partial<FastifyLike> | null)?.addHook === "function")
    return Promise.reject(handlerNotCalled("requestHandler()")) as never;
  const { client } = options;
  const chosen = typeof client === "function" ? ({ request }: FastifyReply) => client(request) : client;
  const binding = requestBinding({ ...FASTIFY, name: "requestHandler()" }, withClient(options, chosen));

  const report = (reply: FastifyReply, error: unknown, mechanism: typeof ON_ERROR): void => {
    const id = binding.report(reply, error, { mechanism });
    try {
      if (id !== undefined) (reply as Reporting).corvidEventId = id;
    } catch {
      // A hostile reply goes without the id.
    }
  };
  const plugin: FastifyPlugin = (instance, _options, done) => {
    instance.decorateReply("corvidEventId", null);
    instance.addHook("onRequest", (_request: FastifyRequest, reply: FastifyReply, next: () => void) =>
      binding.run(reply, next),
    );
    instance.addHook(
      "onError",
      (_request: FastifyRequest, reply: FastifyReply, error: unknown, next: () => void) => {
        report(reply, error, ON_ERROR);
        next();
      },
    );
    instance.addHook(
      "onSend",
      (
        _request: FastifyRequest,
        reply: FastifyReply,
        payload: unknown,
        next: (error: null, payload: unknown) => void,
      ) => {
        if (isStream(payload)) payload.on("error", (error) => report(reply, error, STREAM));
        next(null, payload);
      },
    );
    done();
  };
  // Fastify's mark for plugins that act on the instance that registers them.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@corvid/fastify",
  });
}

function withClient<Choice>(
  { client: _, ...options }: FastifyOptions,
  client: Choice,
): Omit<FastifyOptions, "client"> & { readonly client?: Choice } {
  return client === undefined ? options : { ...options, client };
}

/** A body that is sent piece by piece, and may fail when the head has left. */
interface BodyStream {
  on(event: "error", listener: (error: unknown) => void): unknown;
}

function isStream(payload: unknown): payload is BodyStream {
  const { pipe, on } = (payload ?? {}) as { readonly pipe?: unknown; readonly on?: unknown };
  return typeof pipe === "function" && typeof on === "function";
}
