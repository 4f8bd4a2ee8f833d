/** The sink's process: all endpoints of a run live here, so that every client meets the same server. */
import { serve } from "../harness/serve.mjs";
import { openEndpoint } from "./endpoint.mjs";

const endpoints = new Map();

serve({
  async open(protocol) {
    const endpoint = await openEndpoint(protocol);
    endpoints.set(endpoint.port, endpoint);
    return endpoint.port;
  },
  fault: (port, fault) => endpoints.get(port).setFault(fault),
  read: (port, prefix) => endpoints.get(port).tally.read(prefix),
  clear: (port) => endpoints.get(port).tally.clear(),
  async close(port) {
    await endpoints.get(port)?.close();
    endpoints.delete(port);
  },
});
