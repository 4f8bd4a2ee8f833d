import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withRequestScope } from "../src/context/current.js";
import { normaliseMessage } from "../src/gate/normalise-message.js";
import { createTestBench } from "./support/client.js";

/** A failure as a library's callback raises it: without a frame of the application. */
function raised(library: string, message: string, more: object = {}): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at Socket.onData (/app/node_modules/${library}/lib/index.js:10:5)`;
  return Object.assign(error, more);
}

/** How many groups failures of one library belong to, captured in the given transactions. */
async function groupsOf(
  errors: readonly unknown[],
  transactions: readonly string[] = ["/"],
): Promise<number> {
  const { client, clock, arrived } = createTestBench({ once: { full: 1 } });
  for (let round = 0; round < 3; round++) {
    for (const [at, error] of errors.entries()) {
      const transaction = transactions[at % transactions.length];
      withRequestScope(() => client.captureException(error, { transaction }), { client });
    }
    clock.advance(100);
  }
  return (await arrived()).filter(({ contexts }) => contexts?.["repeats"] === undefined).length;
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

function caught(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

const NANOID = ["V1StGXR8_Z5jdHi6B-myT", "4f90d13a42Zx_Q-8pLmNo"] as const;
const JWT = [
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.7yUXDLfO1gSHHvYF1vHPJtAjmbLGi4ACV2DuWSPWKgE",
] as const;

/** Library, and two messages that a person calls the same failure. */
const SAME: readonly (readonly [library: string, one: string, other: string])[] = [
  ["pg", 'invalid input syntax for type integer: "abc"', 'invalid input syntax for type integer: "x y"'],
  ["pg", 'Key (email)=(ann) already exists in "users"', 'Key (email)=(bob) already exists in "users"'],
  [
    "mysql2",
    "Duplicate entry 'ann@example.com' for key 'users.email'",
    "Duplicate entry 'bob@example.com' for key 'users.email'",
  ],
  ["mysql2", "Duplicate entry 'ann' for key 'users.name'", "Duplicate entry 'bob' for key 'users.name'"],
  [
    "mongodb",
    'E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: "ann" }',
    'E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: "bob, eve" }',
  ],
  ["mongodb", "cursor id 7712349871234 not found", "cursor id 991 not found"],
  ["redis", "MOVED 3999 10.0.0.7:6379", "MOVED 12182 10.0.0.9:6379"],
  ["ioredis", "Command timed out after 5000ms", "Command timed out after 5012ms"],
  [
    "kafkajs",
    "Request Fetch(key: 1, version: 11) timed out at 2026-01-02T03:04:05.678Z",
    "Request Fetch(key: 1, version: 11) timed out at 2026-11-12T13:14:15.000Z",
  ],
  ["amqplib", `Channel closed: consumer ${NANOID[0]} gone`, `Channel closed: consumer ${NANOID[1]} gone`],
  [
    "aws-sdk",
    "Access Denied (Request ID: 4442587FB7D0A2F9; Extended: eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran)",
    "Access Denied (Request ID: 9A41F0C2D71BE655; Extended: 8Zp0aQyK3mXv7RtB2nLw5HsJ1cDfG4uEi6oP9kM+YxNrVb3qTzC7hUeWg5aSdF2J)",
  ],
  ["stripe", "No such charge: ch_3MmlLrLkdIwHu7ix0snN0B15", "No such charge: ch_1NirD82eZvKYlo2CIvbtLWuY"],
  [
    "prisma",
    "Record 01ARZ3NDEKTSV4RRFFQ69G5FAV to update not found",
    "Record 01HZX4E5T6Y7U8I9OPASDFGHJK to update not found",
  ],
  [
    "drizzle",
    'Failed query: insert into "users" ("email") values ($1)\nparams: ann@example.com,Ann Smith',
    'Failed query: insert into "users" ("email") values ($1)\nparams: bob@example.com,Bob,17',
  ],
  ["sequelize", "Timeout of 60000ms acquiring connection 17", "Timeout of 60000ms acquiring connection 18"],
  [
    "typeorm",
    "No rows for id 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "No rows for id 9b2504e0-4f89-11d3-9a0c-0305e82c3302",
  ],
  ["knex", "Pool is full: 10 used, 3 waiting", "Pool is full: 9 used, 31 waiting"],
  [
    "mongoose",
    "No document found for 507f1f77bcf86cd799439011",
    "No document found for 65a1b2c3d4e5f60718293a4b",
  ],
  ["joi", "limit 17 exceeded by ann@example.com", "limit 18 exceeded by bob+x@example.org"],
  ["ajv", "data/items/3/price must be number", "data/items/17/price must be number"],
  ["jsonwebtoken", `cannot verify ${JWT[0]}`, `cannot verify ${JWT[1]}`],
  ["nodemailer", "550 no mailbox ann@example.com here", "550 no mailbox bob.b@mail.example.org here"],
  ["got", "Timeout awaiting 'request' for 5000ms", "Timeout awaiting 'request' for 5001ms"],
  [
    "node-fetch",
    "request to https://api.example.com/orders/17?user=ann failed",
    "request to https://api.example.com/orders/18?user=bob failed",
  ],
  ["grpc", "14 UNAVAILABLE: peer 10.0.0.1:41234 gone", "14 UNAVAILABLE: peer 10.0.0.2:51234 gone"],
  ["ws", "peer 2001:db8::ff00:42:8329 closed", "peer 2001:db8::17:1:2 closed"],
  ["sharp", "extract_area: bad area 17 x 3", "extract_area: bad area 400 x 1200"],
  ["http-errors", "stale since Tue, 01 Dec 2026 11:37:38 GMT", "stale since Wed, 02 Sep 2026 01:07:08 GMT"],
  [
    "luxon",
    "no slot at Tue Dec 01 2026 11:37:38 GMT+0000 (Coordinated Universal Time)",
    "no slot at Sat May 02 2026 01:07:08 GMT+0200 (Central European Summer Time)",
  ],
  ["openai", "bad key sk-proj-abcdefghij0123456789XYZ", "bad key sk-proj-zyxwvutsrq9876543210ABC"],
  ["multer", "cannot move /tmp/upload_3f2504e04f89", "cannot move /tmp/upload_9b2504e04f8a"],
  ["express", "Cannot GET /orders/17", "Cannot GET /orders/18"],
];

/** Library, and two messages that are different failures. */
const DIFFERENT: readonly (readonly [library: string, one: string, other: string])[] = [
  [
    "pg",
    'duplicate key value violates unique constraint "users_email_key"',
    'duplicate key value violates unique constraint "orders_pkey"',
  ],
  ["pg", 'relation "users" does not exist', 'relation "orders" does not exist'],
  ["pg", 'column "a" does not exist', 'column "b" does not exist'],
  ["mysql2", "Duplicate entry 'ann' for key 'users.email'", "Duplicate entry 'ann' for key 'users.name'"],
  ["mysql2", "Unknown column 'a' in 'field list'", "Unknown column 'b' in 'field list'"],
  ["mysql2", "Table 'shop.users' doesn't exist", "Table 'shop.orders' doesn't exist"],
  [
    "mongodb",
    'E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: "ann" }',
    'E11000 duplicate key error collection: shop.users index: name_1 dup key: { name: "ann" }',
  ],
  ["oracledb", "ORA-00942: failed", "ORA-00001: failed"],
  ["redis", "WRONGTYPE Operation against a key", "NOAUTH Authentication required"],
  ["ioredis", "connect ECONNREFUSED 10.0.0.1:6379", "connect ECONNREFUSED 10.0.0.1:5432"],
  ["kafkajs", 'This server does not host topic "orders"', 'This server does not host topic "users"'],
  ["amqplib", "NOT_FOUND - no queue 'mail' in vhost '/'", "NOT_FOUND - no queue 'jobs' in vhost '/'"],
  ["aws-sdk", 'The bucket "images" does not exist', 'The bucket "backups" does not exist'],
  ["stripe", "Missing required param: amount.", "Missing required param: currency."],
  [
    "prisma",
    "Unique constraint failed on the fields: (`email`)",
    "Unique constraint failed on the fields: (`sku`)",
  ],
  ["prisma", "P2002: failed", "P2025: failed"],
  ["sequelize", "SQLITE_ERROR: no such table: users", "SQLITE_ERROR: no such table: orders"],
  ["typeorm", 'No metadata for "User" was found.', 'No metadata for "Order" was found.'],
  ["knex", "insert into `users` - no such column", "insert into `orders` - no such column"],
  ["mongoose", "Path `name` is required.", "Path `price` is required."],
  ["joi", '"name" is required', '"price" is required'],
  ["ajv", "data must have required property 'name'", "data must have required property 'price'"],
  ["jsonwebtoken", "jwt expired", "jwt malformed"],
  ["nodemailer", "Invalid login: 535 refused", "Invalid greeting: 535 refused"],
  ["got", "Response code 404 (Not Found)", "Response code 503 (Service Unavailable)"],
  ["axios", "Request failed with status code 404", "Request failed with status code 503"],
  [
    "node-fetch",
    "request to https://pay.example.com/x failed",
    "request to https://mail.example.com/x failed",
  ],
  ["undici", "getaddrinfo ENOTFOUND db1.internal", "getaddrinfo ENOTFOUND db2.internal"],
  ["grpc", "14 UNAVAILABLE: No connection established", "4 DEADLINE_EXCEEDED: Deadline exceeded"],
  ["ws", "Unexpected server response: status 401", "Unexpected server response: status 503"],
  ["sharp", "Input file contains unsupported image format", "Input file is missing"],
  ["child_process", "Command failed with exit code 1", "Command failed with exit code 137"],
  ["typescript", "TS2345: no", "TS2322: no"],
  ["express", 'Failed to lookup view "home"', 'Failed to lookup view "cart"'],
  ["koa", "non-error thrown: 'a'", "non-error thrown: 'b'"],
  ["graphql", 'Cannot query field "price" on type "Order".', 'Cannot query field "sku" on type "Order".'],
  ["zod", `${"at items, ".repeat(25)}expected string`, `${"at items, ".repeat(25)}expected number`],
  [
    "fs",
    "ENOENT: no such file or directory, open '/etc/app/db.json'",
    "ENOENT: no such file or directory, open '/etc/app/mail.json'",
  ],
  [
    "v8",
    "Cannot read properties of undefined (reading 'id')",
    "Cannot read properties of undefined (reading 'name')",
  ],
  ["modules", "Cannot find module 'sharp'", "Cannot find module 'canvas'"],
];

describe("messages of libraries, raised without a frame of the application", () => {
  test.each(SAME)("%s: one group of %j and %j", async (library, one, other) => {
    expect(await groupsOf([raised(library, one), raised(library, other)])).toBe(1);
  });

  test.each(DIFFERENT)("%s: two groups of %j and %j", async (library, one, other) => {
    expect(await groupsOf([raised(library, one), raised(library, other)])).toBe(2);
  });

  test("are of as many libraries as the table promises", () => {
    expect(new Set([...SAME, ...DIFFERENT].map(([library]) => library)).size).toBeGreaterThanOrEqual(30);
  });

  test("are different failures in two transactions, and one in requests of the same route", async () => {
    const violation = (): Error => raised("pg", "canceling statement due to statement timeout");

    expect(await groupsOf([violation(), violation()], ["GET /users", "GET /orders"])).toBe(2);
    expect(await groupsOf([violation(), violation()], ["GET /users/17", "GET /users/18"])).toBe(1);
  });

  test("are told apart by the constraint also where the application's frames are the same", async () => {
    const violation = (constraint: string): Error => {
      const error = new Error(`duplicate key value violates unique constraint "${constraint}"`);
      error.stack = `Error: ${error.message}\n    at query (/app/src/db.js:1:5)`;
      return Object.assign(error, { code: "23505", constraint });
    };
    const failed = (constraint: string): Error => {
      const error = new Error("save failed", {
        cause: raised("pg", `violates unique constraint "${constraint}"`),
      });
      error.stack = "Error: save failed\n    at save (/app/src/db.js:2:5)";
      return error;
    };

    expect(await groupsOf([violation("users_email_key"), violation("orders_pkey")])).toBe(2);
    expect(await groupsOf([failed("users_email_key"), failed("orders_pkey")])).toBe(2);
  });

  test("are told apart outside of requests by the site of the capture", async () => {
    const { client, arrived } = createTestBench({ once: { full: 1 } });
    const timeout = (): Error => raised("pg", "timeout");
    for (let n = 0; n < 2; n++) client.captureException(timeout());
    for (let n = 0; n < 2; n++) client.captureException(timeout());

    expect((await arrived()).length).toBe(4);
  });
});

describe("failures of Node itself", () => {
  test("of two files are two, of two uploads one", async () => {
    const failures = async (...paths: string[]): Promise<unknown[]> => {
      const errors = [];
      for (const path of paths) errors.push(await reasonOf(readFile(path)));
      for (const error of errors as Error[]) error.stack = error.stack?.split("\n    at ")[0];
      return errors;
    };

    expect(await groupsOf(await failures("/none/db.json", "/none/mail.json"))).toBe(2);
    expect(await groupsOf(await failures("/none/3f2504e04f89", "/none/9b2504e04f8a"))).toBe(1);
  });

  test("of two texts that are no JSON are one, of two TLS options two", async () => {
    const parse = (text: string): unknown => {
      const error = caught(() => JSON.parse(text)) as Error;
      error.stack = `SyntaxError: ${error.message}\n    at parse (/app/node_modules/body-parser/lib/json.js:1:1)`;
      return error;
    };

    expect(await groupsOf([parse("hello"), parse("<html>")])).toBe(1);
    expect(
      await groupsOf([
        caught(() => createSecureContext({ key: 1 as never })),
        caught(() => createSecureContext({ cert: 1 as never })),
      ]),
    ).toBe(2);
  });
});

describe("normaliseMessage()", () => {
  const hex = fc.stringMatching(/^[0-9a-f]{12}$/).filter((text) => /\d/.test(text));
  const values = fc.oneof(
    fc.emailAddress({ size: "small" }).filter((address) => /^[\w.+-]+@[\w.-]+$/.test(address)),
    fc.ipV4(),
    fc.uuid(),
    fc.ulid().filter((id) => /\d.*[A-Z]+.*\d/.test(id)),
    hex,
    fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") })
      .chain((date) => fc.constantFrom(date.toISOString(), date.toString(), date.toUTCString())),
    fc.integer().map(String),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => JWT[bytes[0]! % 2]!),
  );
  const word = fc.constantFrom(
    "order",
    "users_email_key",
    "not found",
    "ECONNRESET",
    "handleRequestWithTimeout",
  );

  test("leaves nothing of the values in a message, and all of its words", () => {
    fc.assert(
      fc.property(word, values, word, (before, value, after) => {
        const normalised = normaliseMessage(`${before} [${value}] ${after}`);

        expect(normalised).toMatch(new RegExp(`^${before} \\[-?<(?:n|id|email)>\\] ${after}$`));
      }),
    );
  });

  test.each([
    ["ids of nanoid", NANOID[0], NANOID[1]],
    ["base64", "aGVsbG8gd29ybGQgMTIzNDU2Nzg5MA==", "Zm9vIGJhciBiYXogcXV4IDEyMzQ1Ng=="],
  ])("folds %s", (_, one, other) => {
    expect(normaliseMessage(`no session ${one}`)).toBe(normaliseMessage(`no session ${other}`));
  });

  test.each([
    "ERR_HTTP_STREAM_ERROR",
    "getUserByIdAndName",
    "AbstractSimpleBeanFactoryAware",
    "MAX_CONNECTIONS_PER_HOUR",
    "SequelizeUniqueConstraintError",
    "x-forwarded-for-and-more",
    "users_email_unique_key",
  ])("keeps the name %s", (name) => {
    expect(normaliseMessage(`failed: ${name} 1`)).toBe(`failed: ${name} <n>`);
  });

  test.each([
    "a",
    "1:",
    "a@",
    "/a",
    "?a=",
    "'a",
    "f1",
    "-a1",
    "E ",
    "params: ",
    "Tue, ",
    "eyJ",
    "http://",
    "ENOTFOUND a1.",
    "dup key: { a: ",
    ")=(",
  ])("takes time linear in the length of a message of %j", (part) => {
    const timeOf = (length: number): number => {
      const message = part.repeat(length / part.length);
      let best = Number.POSITIVE_INFINITY;
      for (let n = 0; n < 5; n++) {
        const { user } = process.cpuUsage();
        normaliseMessage(message, n % 2 === 0);
        best = Math.min(best, process.cpuUsage().user - user);
      }
      return best;
    };

    timeOf(8192);
    expect(timeOf(32_768)).toBeLessThan(8 * Math.max(timeOf(8192), 1000));
  });
});
