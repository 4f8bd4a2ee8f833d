import type { Integration } from "../../client/integration.js";
import type { TraceHeadersFor } from "../../trace/tracer.js";
import { watchNodeRequests } from "./node-requests.js";
import type { RequestListener } from "./outgoing-request.js";
import { joinHook } from "./shared-hook.js";
import { watchUndiciRequests } from "./undici-requests.js";

/**
 * `Http`: requests that the application sends, by `fetch`, undici or `node:http`, become breadcrumbs of the scope they
 * were sent from, once they are answered. Those that carry events do not, nor do those that waited in a pool for a free
 * connection: their request is unknown.
 *
 * Requests to the client's `traceTargets` carry its trace on: those of `node:http` where Node has the channel
 * `http.client.request.created` (22 and up).
 *
 * @param headersFor - what a request to a URL should carry, asked at each one
 */
export function httpIntegration(headersFor: TraceHeadersFor): Integration {
  const listener: RequestListener = { headersFor };
  return {
    name: "Http",
    setup: (client) =>
      joinHook<RequestListener>("http", client, listener, (listening) => {
        const undo = [watchUndiciRequests(listening), watchNodeRequests(listening)];
        return () => {
          for (const stop of undo) stop();
        };
      }),
  };
}
