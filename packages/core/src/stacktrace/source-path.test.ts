import { describe, expect, test } from "vitest";
import { type SourcePath, sourcePath } from "./source-path.js";

const place = (filename: string, abs_path: string, module?: string): SourcePath =>
  module === undefined ? { filename, abs_path } : { filename, abs_path, module };

describe("sourcePath()", () => {
  test.each<[title: string, source: string, expected: SourcePath]>([
    [
      "a path of the project",
      "/srv/shop/routes/orders.js",
      place("routes/orders.js", "/srv/shop/routes/orders.js", "routes.orders"),
    ],
    ["a file URL", "file:///srv/shop/a%20b.mts?v=2#x", place("a b.mts", "/srv/shop/a b.mts", "a b")],
    ["a file URL with a stray %", "file:///srv/shop/100%.js", place("100%.js", "/srv/shop/100%.js", "100%")],
    ["a path outside the project", "/srv/shopping/a.js", place("/srv/shopping/a.js", "/srv/shopping/a.js")],
    [
      "a package",
      "/srv/shop/node_modules/express/lib/router/index.js",
      place(
        "node_modules/express/lib/router/index.js",
        "/srv/shop/node_modules/express/lib/router/index.js",
        "express:lib.router.index",
      ),
    ],
    [
      "a package with a scope",
      "/srv/node_modules/@acme/db/index.cjs",
      place("node_modules/@acme/db/index.cjs", "/srv/node_modules/@acme/db/index.cjs", "@acme/db:index"),
    ],
    [
      "a package in a store",
      "/srv/shop/node_modules/.pnpm/koa@3.0.0/node_modules/koa/lib/a.js",
      place(
        "node_modules/koa/lib/a.js",
        "/srv/shop/node_modules/.pnpm/koa@3.0.0/node_modules/koa/lib/a.js",
        "koa:lib.a",
      ),
    ],
    [
      "Node's own code",
      "node:internal/timers",
      place("node:internal/timers", "node:internal/timers", "node:internal.timers"),
    ],
    [
      "a bundler's URL",
      "webpack-internal:///(rsc)/./src/page.tsx",
      place("src/page.tsx", "webpack-internal:///(rsc)/./src/page.tsx", "src.page"),
    ],
    [
      "a bundler's URL with a name",
      "webpack://shop/./src/a.ts?1f2e",
      place("src/a.ts", "webpack://shop/./src/a.ts?1f2e", "src.a"),
    ],
    ["a script's name", "my-script.js", place("my-script.js", "my-script.js")],
  ])("names %s", (_, source, expected) => {
    expect(sourcePath(source, "/srv/shop")).toEqual(expected);
    expect(sourcePath(source, "/srv/shop/")).toEqual(expected);
  });

  test.each<[source: string, expected: SourcePath]>([
    [
      "C:\\shop\\routes\\orders.js",
      place("routes/orders.js", "C:\\shop\\routes\\orders.js", "routes.orders"),
    ],
    ["c:\\shop\\a.js", place("a.js", "c:\\shop\\a.js", "a")],
    ["file:///C:/shop/a%20b.js", place("a b.js", "C:\\shop\\a b.js", "a b")],
    ["file://host/share/a.js", place("//host/share/a.js", "\\\\host\\share\\a.js")],
    [
      "C:\\shop\\node_modules\\koa\\lib\\a.js",
      place("node_modules/koa/lib/a.js", "C:\\shop\\node_modules\\koa\\lib\\a.js", "koa:lib.a"),
    ],
  ])("names %s on Windows", (source, expected) => {
    expect(sourcePath(source, "C:\\shop")).toEqual(expected);
  });

  test("knows no project when the root is unknown", () => {
    expect(sourcePath("/srv/shop/a.js", "")).toEqual(place("/srv/shop/a.js", "/srv/shop/a.js"));
    expect(sourcePath("/srv/shop/a.js", "/")).toEqual(place("srv/shop/a.js", "/srv/shop/a.js", "srv.shop.a"));
  });
});
