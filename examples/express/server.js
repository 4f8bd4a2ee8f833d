// An Express server. Listens on PORT (default 3000, 0 for any free one) and reports to SENTRY_DSN.
import { addBreadcrumb, captureException, close, init, setTag, setUser } from "@corvid/core";
import { errorHandler, requestHandler } from "@corvid/express";
import express from "express";

init();

const app = express();
app.use(requestHandler());

app.use((request, _response, next) => {
  const id = request.get("x-user");
  if (id !== undefined) setUser({ id });
  setTag("request_id", request.get("x-request-id") ?? "none");
  next();
});

app.get("/", (_request, response) => {
  response.json({ ok: true });
});

const orders = express.Router();
app.use("/orders", orders);

orders.get("/:id", (request) => {
  addBreadcrumb({ category: "orders", message: `Looking for order ${request.params.id}` });
  throw new Error(`Order ${request.params.id} has no customer`);
});

orders.get("/:id/invoice", async (request) => {
  await Promise.resolve();
  throw new RangeError(`Invoice of order ${request.params.id} has a negative total`);
});

orders.post("/:id/payment", (request) => {
  try {
    connectToBank();
  } catch (cause) {
    throw new Error(`Payment of order ${request.params.id} failed`, { cause });
  }
});

app.get("/recommendations", (_request, response) => {
  try {
    connectToBank();
  } catch (error) {
    captureException(error, { level: "warning" });
  }
  response.json([]);
});

app.use(errorHandler());

// #region answer
app.use((_error, _request, response, _next) => {
  response.status(500).json({ error: "Internal Server Error", eventId: response.locals.corvidEventId });
});
// #endregion

function connectToBank() {
  throw Object.assign(new Error("connect ECONNREFUSED 192.0.2.1:443"), { code: "ECONNREFUSED" });
}

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${server.address().port}` }));
});

process.on("SIGTERM", () => {
  server.close(() => close());
  server.closeIdleConnections();
});
