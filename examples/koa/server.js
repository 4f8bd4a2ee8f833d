// A Koa server. Listens on PORT (default 3000, 0 for any free one) and reports to SENTRY_DSN.
import { addBreadcrumb, captureException, close, init, setTag, setTransaction, setUser } from "@corvid/core";
import { requestHandler } from "@corvid/koa";
import Koa from "koa";

init();

const app = new Koa();
app.use(requestHandler());

app.use(async (ctx, next) => {
  const id = ctx.get("x-user");
  if (id !== "") setUser({ id });
  setTag("request_id", ctx.get("x-request-id") || "none");
  await next();
});

const routes = {
  "GET /": (ctx) => {
    ctx.body = { ok: true };
  },
  "GET /order": (ctx) => {
    addBreadcrumb({ category: "orders", message: `Looking for order ${ctx.query.id}` });
    throw new Error(`Order ${ctx.query.id} has no customer`);
  },
  "GET /invoice": async (ctx) => {
    await Promise.resolve();
    throw new RangeError(`Invoice of order ${ctx.query.id} has a negative total`);
  },
  "POST /payment": (ctx) => {
    try {
      connectToBank();
    } catch (cause) {
      throw new Error(`Payment of order ${ctx.query.id} failed`, { cause });
    }
  },
  "GET /recommendations": (ctx) => {
    try {
      connectToBank();
    } catch (error) {
      captureException(error, { level: "warning" });
    }
    ctx.body = [];
  },
};

app.use(async (ctx) => {
  const name = `${ctx.method} ${ctx.path}`;
  const route = routes[name];
  if (route === undefined) ctx.throw(404);
  setTransaction(name);
  await route(ctx);
});

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
