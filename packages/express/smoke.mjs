/** How the packed package is tried beside its framework: read by scripts/smoke. */
import { asked, FAIL, snippetWith, visited } from "../../scripts/smoke/snippets.mjs";

export const frameworks = { latest: ["express@5"], previous: ["express@4"] };
export const types = { latest: ["@types/express@5"], previous: ["@types/express@4"] };

/** The README's own lines, and the events they must deliver, as `type: value | transaction`. */
export const program = {
  code: visited(snippetWith("packages/express/README.md", "errorHandler()", "js")),
  events: ["RangeError: Order 7 has no card | GET /orders/:id"],
};

/** Bundled by esbuild in these formats: a framework that requires Node's modules can only be CommonJS. */
export const bundled = ["cjs"];

/** For the check of our declarations by themselves. */
export const declarations = {
  imports: `import { errorHandler } from "@corvid/express";`,
  uses: ["errorHandler({ client: (request) => clients.get(request.hostname) })"],
};

/** Routes in routers and in what is mounted, strictly typed beside each major. */
const routed = {
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

export const majors = [
  { program: routed, needs: ["express@5", "@types/express@5"] },
  { program: routed, needs: ["express@4", "@types/express@4"] },
];
