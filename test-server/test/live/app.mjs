// A small shop that fails, reporting through another project's client. Run by live-sentry-node.mjs.
import { createServer } from "node:http";
import * as Sentry from "@sentry/node";

Sentry.init({
  dsn: process.env.TEST_DSN,
  release: "shop-api@1.2.3",
  environment: "test",
  serverName: "app-1",
  attachStacktrace: true,
  includeServerName: false,
});

function currencyOf(order) {
  throw new TypeError(`no such currency: ${order.currency}`);
}

function pay(order) {
  try {
    currencyOf(order);
  } catch (cause) {
    throw new Error("card was refused", { cause });
  }
}

const shop = createServer((_request, response) => {
  Sentry.addBreadcrumb({ category: "orders", message: "order loaded", level: "info", data: { order: 42 } });
  Sentry.setTag("shop", "north");
  Sentry.setUser({ id: "7", name: "Jane Example" });
  Sentry.setExtra("order", { id: 42, lines: ["Ä", "日本", "🎉"] });
  try {
    pay({ id: 42, currency: "XYZ" });
  } catch (error) {
    Sentry.captureException(error);
  }
  response.writeHead(500).end();
});
await new Promise((resolve) => shop.listen(0, "127.0.0.1", resolve));
const { port } = shop.address();
await fetch(`http://127.0.0.1:${port}/orders/42?express=1`, {
  method: "POST",
  body: "{}",
  headers: { "user-agent": "curl/8.0" },
});

Sentry.withScope((scope) => {
  scope.addAttachment({ filename: "note.txt", data: "one\ntwo\u2028\n", contentType: "text/plain" });
  Sentry.captureMessage("stock is low", "warning");
});
Sentry.captureException(new AggregateError([new Error("first"), new RangeError("second")], "both failed"));
await Sentry.close(4000);
shop.close();
shop.closeAllConnections();
