/** A process that starts one client, and reports one error. */
import { loadClient } from "../clients/client.mjs";
import { serve } from "../harness/serve.mjs";
import { failure } from "./failures.mjs";

let client;
let firstFrom;

serve({
  /** What loading and starting the client costs this process. */
  async start(name, port) {
    client = await loadClient(name);
    const rss = process.memoryUsage.rss();
    const cpu = process.cpuUsage();
    const from = performance.now();
    await client.start(port);
    const wallMs = performance.now() - from;
    return { wallMs, cpuMs: since(cpu), rss: process.memoryUsage.rss() - rss };
  },

  /** The first error: much is loaded only now. */
  first() {
    firstFrom = process.cpuUsage();
    client.capture(failure("first"));
  },

  /** What the first error has cost so far. */
  firstCpuMs: () => since(firstFrom),
});

function since(cpu) {
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000;
}
