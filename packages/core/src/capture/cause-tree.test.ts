import { describe, expect, test } from "vitest";
import { readCauseTree } from "./cause-tree.js";
import { readException } from "./exception-text.js";

const LIMITS = { depth: 6, breadth: 50, stringLength: 8192, causes: 10 };

function treeOf(error: unknown): ReturnType<typeof readCauseTree> {
  return readCauseTree(error, readException(error, LIMITS), LIMITS);
}

describe("readCauseTree()", () => {
  test("gives an error without causes as one node", () => {
    const error = new TypeError("no stock");

    const { nodes, objects } = treeOf(error);

    expect(objects).toEqual([error]);
    expect(nodes).toMatchObject([{ id: 0, type: "TypeError", value: "no stock" }]);
    expect(nodes[0]).toHaveProperty("own", undefined);
  });

  test("keeps the errno and the properties of a lone system error", () => {
    const error = Object.assign(new Error("connect"), {
      syscall: "connect",
      errno: -111,
      code: "ECONNREFUSED",
    });

    expect(treeOf(error).nodes).toMatchObject([
      { own: { syscall: "connect" }, meta: { errno: { number: -111, name: "ECONNREFUSED" } } },
    ]);
  });

  test("finds the cause beside a property that throws when it is read", () => {
    const error = new Error("outer", { cause: new Error("inner") });
    Object.defineProperty(error, "originalError", {
      get() {
        throw new Error("do not look");
      },
    });

    expect(treeOf(error).nodes.map(({ value, source }) => [value, source])).toEqual([
      ["outer", undefined],
      ["inner", "cause"],
    ]);
  });

  test("shows a thrown value as one node, and remembers it only when it is an object", () => {
    const thrown = { reason: "none", cause: new Error("of nothing") };

    expect(treeOf("text")).toMatchObject({ nodes: [{ type: "Thrown string", value: "text" }], objects: [] });
    expect(treeOf(thrown)).toMatchObject({ nodes: [{ type: "Thrown Object" }], objects: [thrown] });
  });
});

describe("readCauseTree() finds the cause of", () => {
  const inner = new Error("inner");
  const methods = { cause: () => inner };

  test.each<[how: string, error: Error, source: string]>([
    ["a cause", new Error("outer", { cause: inner }), "cause"],
    [
      "VError",
      Object.assign(Object.create(methods, { message: { value: "outer" } }), { jse_cause: inner }),
      "jse_cause",
    ],
    ["a method", Object.create(methods, { message: { value: "outer" } }), "cause"],
    ...["originalError", "original", "parent", "driverError", "inner", "reason", "error"].map(
      (name): [string, Error, string] => [name, Object.assign(new Error("outer"), { [name]: inner }), name],
    ),
    [
      "mongoose",
      Object.assign(new Error("outer"), { errors: { "address.city": inner } }),
      "errors[address.city]",
    ],
  ])("%s", (_, error, source) => {
    const { nodes } = treeOf(error);

    expect(nodes.map(({ value, source, parentId }) => [value, source, parentId])).toEqual([
      ["outer", undefined, undefined],
      ["inner", source, 0],
    ]);
    expect(nodes[1]?.stack).toMatchObject({ raw: inner.stack });
    expect(nodes[0]?.own).toBeUndefined();
  });

  test("Sequelize, once, though it is named twice", () => {
    const error = Object.assign(new Error("outer"), { parent: inner, original: inner });

    expect(treeOf(error).nodes).toHaveLength(2);
  });

  test.each([[{}], [() => "no error"]])("nothing: %o", (cause) => {
    expect(treeOf(new Error("outer", { cause })).nodes).toHaveLength(1);
  });
});
