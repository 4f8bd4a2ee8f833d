/** How the packed package is tried beside its framework: read by scripts/smoke. */
import { asked, FAIL, snippetWith, visited } from "../../scripts/smoke/snippets.mjs";

export const frameworks = { latest: ["koa@3"], previous: ["koa@2"] };
export const types = { latest: ["@types/koa@3"] };

export const program = {
  code: visited(snippetWith("packages/koa/README.md", "requestHandler()", "js")),
  events: ["RangeError: /orders/7 has no card"],
};

export const bundled = ["cjs"];

export const declarations = {
  imports: `import { requestHandler } from "@corvid/koa";`,
  uses: ["requestHandler({ client: (context) => clients.get(context.hostname) })"],
};

const routed = {
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

export const majors = [
  { program: routed, needs: ["koa@3", "@types/koa@3", "@koa/router@15", "koa-mount@4"] },
  {
    program: routed,
    needs: ["koa@2", "@types/koa@2", "@koa/router@14", "@types/koa__router@12", "koa-mount@4"],
  },
];
