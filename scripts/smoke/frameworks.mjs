/**
 * The middleware beside each major of its framework, of the framework's types and of its router: strictly typed, as ES module
 * and as CommonJS, with routes in routers and in what is mounted.
 */
import { join } from "node:path";
import { createProject } from "./project.mjs";
import { compile, compilerNamed } from "./typescript.mjs";

const VERSION = "6.0";

/** Asks for each path, and ends in order. */
const asked = (paths) => `
const server = app.listen(0, "127.0.0.1");
server.on("listening", async () => {
  const { port } = server.address() as { port: number };
  for (const path of ${JSON.stringify(paths)}) {
    const answer = await fetch(\`http://127.0.0.1:\${port}\${path}\`);
    await answer.arrayBuffer();
  }
  server.close();
  await close();
});
`;

const FAIL = `
const clients = new Map<string, Client>();
const fail = (what: string) => (): never => {
  throw new Error(what);
};
`;

const EXPRESS = {
  code: `import { type Client, close, init } from "@corvid/core";
import { errorHandler, requestHandler } from "@corvid/express";
import express, { type ErrorRequestHandler, type RequestHandler, Router } from "express";
${FAIL}
init();
const app = express();
app.use(requestHandler());
app.use("/api", requestHandler(), [requestHandler()]);
app.get("/orders/:id", requestHandler(), fail("order"));
const items = Router();
items.use(requestHandler());
items.get("/items/:item", fail("item"));
app.use("/tenants/:tenant", items);
const inner = Router();
inner.get("/:page", fail("page")).use(errorHandler());
app.use("/pages", inner);
const first: RequestHandler = requestHandler({ client: (request: express.Request) => clients.get(request.hostname) });
const last: ErrorRequestHandler = errorHandler({ shouldReport: (error) => error instanceof Error });
app.use(first, last);
app.use(errorHandler());
${asked(["/orders/7", "/tenants/acme/items/3", "/pages/about"])}`,
  events: [
    "Error: order | GET /orders/:id",
    "Error: item | GET /tenants/:tenant/items/:item",
    "Error: page | GET /pages/:page",
  ],
};

const KOA = {
  code: `import { type Client, close, init } from "@corvid/core";
import { requestHandler } from "@corvid/koa";
import Router from "@koa/router";
import Koa from "koa";
// @ts-ignore: its types bring Koa's, of the latest major
import mount from "koa-mount";
${FAIL}
init();
const app = new Koa();
app.silent = true;
app.use(requestHandler());
const orders = new Router({ prefix: "/orders" });
orders.get("/:id", requestHandler(), fail("order"));
const items = new Router();
items.use(requestHandler());
items.get("/items/:item", fail("item"));
const tenants = new Router();
tenants.use("/tenants/:tenant", items.routes(), items.allowedMethods());
const shop = new Koa<{ user: string }, { tenant: string }>();
shop.use(requestHandler());
const pages = new Router<{ user: string }, { tenant: string }>();
pages.get("/pages/:page", requestHandler(), fail("page"));
shop.use(pages.routes());
const chosen: Koa.Middleware = requestHandler({ client: (context: Koa.Context) => clients.get(context.hostname) });
app.use(chosen).use(orders.routes()).use(orders.allowedMethods()).use(tenants.routes());
app.use(mount("/shop", shop));
${asked(["/orders/7", "/tenants/acme/items/3", "/shop/pages/about"])}`,
  events: [
    "Error: order | GET /orders/:id",
    "Error: item | GET /tenants/:tenant/items/:item",
    "Error: page | GET /shop/pages/:page",
  ],
};

const MAJORS = [
  { program: EXPRESS, needs: ["express@5", "@types/express@5"] },
  { program: EXPRESS, needs: ["express@4", "@types/express@4"] },
  { program: KOA, needs: ["koa@3", "@types/koa@3", "@koa/router@15", "koa-mount@4"] },
  {
    program: KOA,
    needs: ["koa@2", "@types/koa@2", "@koa/router@14", "@types/koa__router@12", "koa-mount@4"],
  },
];

/** @returns tasks, one for each project */
export function frameworkCases({ tarballs, folder, results, delivers }) {
  return MAJORS.map(({ program, needs }) => async () => {
    const title = needs.filter((name) => !name.startsWith("@types/")).join(", ");
    const cwd = await createProject(`${folder}/frameworks-${title.replace(/\W+/g, "-")}`, [
      ...tarballs.values(),
      ...needs,
      "@types/node@20",
      compilerNamed(VERSION),
    ]);
    for (const type of ["module", "commonjs"]) {
      await results.attempt(title, `tsc ${VERSION}, ${type}`, async () => {
        const files = { "app.ts": program.code, "package.json": JSON.stringify({ type }) };
        const options = { module: "NodeNext", moduleResolution: "NodeNext", skipLibCheck: true };
        await compile({ cwd, version: VERSION, out: type, files, options });
        const args = [join(type, "dist/app.js")];
        await delivers({ command: process.execPath, args, cwd, events: program.events });
      });
    }
  });
}
