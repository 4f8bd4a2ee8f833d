import { once } from "node:events";
import http, { type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express5 from "express";
// @ts-expect-error: has no types of its own; used as Express 5, whose types accept what both take
import express4 from "express-4";
import { afterEach, describe, expect, test } from "vitest";
import { transactionOf } from "./route.js";

type Express = typeof express5;
const fail: express5.RequestHandler = (_request, _response, next) => next(new Error("failed"));

/** Shared by both majors: what is mounted, what is asked for, and the name it must have at the end of the application. */
const cases: readonly [
  title: string,
  build: (express: Express) => express5.Express,
  path: string,
  name: string | null,
][] = [
  ["a route", (express) => express().get("/orders/:id", fail), "/orders/7", "GET /orders/:id"],
  ["the root", (express) => express().get("/", fail), "/?page=2", "GET /"],
  [
    "a regular expression",
    (express) => express().get(/^\/v(\d+)\/orders$/, fail),
    "/v2/orders",
    "GET /^\\/v(\\d+)\\/orders$/",
  ],
  [
    "a list of patterns",
    (express) => express().get(["/colour/:id", "/color/:id"], fail),
    "/color/7",
    "GET /color/:id",
  ],
  ["no route", (express) => express().use(fail), "/orders/7", null],
  [
    "a router",
    (express) => express().use("/orders", express.Router().get("/:id", fail)),
    "/orders/7",
    "GET /orders/:id",
  ],
  [
    "the root of a router",
    (express) => express().use("/orders", express.Router().get("/", fail)),
    "/orders",
    "GET /orders",
  ],
  [
    "a router under a pattern",
    (express) => express().use("/tenants/:tenant", express.Router().get("/orders/:id", fail)),
    "/tenants/acme%20inc/orders/7",
    "GET /tenants/:tenant/orders/:id",
  ],
  [
    "routers in routers",
    (express) =>
      express()
        .use(
          "/shop",
          express.Router().get("/:id", (_request, _response, next) => next()),
        )
        .use(
          "/api",
          express.Router().use("/v1", express.Router().use("/orders", express.Router().get("/:id", fail))),
        ),
    "/api/v1/orders/7",
    "GET /api/v1/orders/:id",
  ],
  [
    "a regular expression in a router",
    (express) => express().use("/files", express.Router().get(/^\/(.+)$/, fail)),
    "/files/a/b/c",
    "GET /files/^\\/(.+)$/",
  ],
  [
    "one router mounted twice",
    (express) => {
      const router = express.Router().get("/:id", fail);
      return express().use("/old", router).use("/new", router);
    },
    "/new/7",
    "GET /new/:id",
  ],
  [
    "an application mounted in another",
    (express) => {
      const admin = express();
      admin.get("/users/:id", fail);
      return express().use("/admin", admin);
    },
    "/admin/users/7",
    "GET /admin/users/:id",
  ],
  [
    "an application mounted in a router",
    (express) => {
      const admin = express();
      admin.get("/users/:id", fail);
      return express().use("/a/:b", express.Router().use("/admin", admin));
    },
    "/a/1/admin/users/7",
    "GET /a/1/admin/users/:id",
  ],
  [
    "the route after next('route')",
    (express) =>
      express()
        .get("/orders/new", (_request, _response, next) => next("route"))
        .get("/orders/:id", fail),
    "/orders/new",
    "GET /orders/:id",
  ],
];

const listening: Server[] = [];

afterEach(() => {
  for (const server of listening.splice(0)) server.close();
});

describe.each([
  ["express 5", express5],
  ["express 4", express4 as Express],
] as const)("%s", (_major, express) => {
  test.each(cases)("transactionOf() names %s", async (_title, build, path, name) => {
    expect(await nameAtTheEnd(build(express), path)).toBe(name);
  });

  test("transactionOf() names the route from inside a router, and from inside a mounted application", async () => {
    const names: (string | undefined)[] = [];
    const note: express5.RequestHandler = (request, _response, next) => {
      names.push(transactionOf(request));
      next();
    };
    const admin = express();
    admin.get("/users/:id", note);
    const app = express()
      .use("/tenants/:tenant", express.Router().get("/orders/:id", note))
      .use("/at/:place", admin);
    const root = express().use("/", express().get("/users/:id", note));

    await nameAtTheEnd(app, "/tenants/acme/orders/7");
    await nameAtTheEnd(app, "/at/home/users/7");
    await nameAtTheEnd(root, "/users/7");

    expect(names).toEqual(["GET /tenants/:tenant/orders/:id", "GET /at/:place/users/:id", "GET /users/:id"]);
  });
});

test("transactionOf() is bounded for routers that hold themselves", () => {
  const route = { path: "/:id" };
  const router = { stack: [] as object[] };
  router.stack.push({ handle: router, match: () => ({ path: "", params: {} }) });

  expect(transactionOf({ method: "GET", url: "/a/7", app: router, route })).toBe("GET /a/:id");
});

/** The name as an error handler or a last middleware at the end of the application finds it. */
async function nameAtTheEnd(app: express5.Express, path: string): Promise<string | null> {
  app.use((request, response) => {
    response.json(transactionOf(request) ?? null);
  });
  app.use(((_error, request, response, _next) => {
    response.json(transactionOf(request) ?? null);
  }) satisfies express5.ErrorRequestHandler);
  const server = http.createServer(app).listen(0, "127.0.0.1");
  listening.push(server);
  await once(server, "listening");
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  return (await answer.json()) as string | null;
}
