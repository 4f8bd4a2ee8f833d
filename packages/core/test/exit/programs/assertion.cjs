require("node:assert").deepStrictEqual({ a: 1, list: [1, 2, 3] }, { a: 2, list: [1, 3] });
