// Reports what it caught, then goes on. Run it with SENTRY_DSN set; without, it works the same and reports nothing.
import { addBreadcrumb, captureException, close, init } from "@corvid/core";

init();

function readPort(text) {
  const { port } = JSON.parse(text);
  if (!Number.isInteger(port)) throw new TypeError(`Expected a port, received ${port}`);
  return port;
}

let port;
try {
  addBreadcrumb({ category: "config", message: "Reading the settings" });
  port = readPort('{ "host": "localhost" }');
} catch (error) {
  const eventId = captureException(error, { tags: { file: "settings.json" } });
  port = 8080;
  console.log(JSON.stringify({ eventId, port }));
}

await close();
