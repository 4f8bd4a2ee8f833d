/**
 * Makes real libraries throw with a secret in hand, captures each error, and prints what would have left as one JSON
 * line for each: `{ name, event }`. No line for a library means that it did not throw.
 *
 *     node errors.mjs ../../dist/esm
 */
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";

const [, , dist = "../../dist/esm"] = process.argv;
const { init, captureException, flush } = await import(`${dist}/index.js`);
const { recordingTransport } = await import(`${dist}/testing.js`);

/** Made up; no part of any library's own text. */
const SECRET = "hunterZq7S";
const transport = recordingTransport();
init({ dsn: false, transport, once: { mergeMs: 0, full: 1000 }, contextLines: 0, integrations: [] });

/** A server that answers each chunk with what `answer` makes of it; `greeting` is said first. */
async function answering(greeting, answer) {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (greeting !== undefined) socket.write(greeting);
    socket.on("data", (chunk) => {
      const reply = answer(chunk);
      if (reply !== undefined) socket.write(reply);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, close: () => server.close() };
}

/** A message of PostgreSQL's protocol. */
function pgMessage(type, body) {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const PG_ERROR = pgMessage(
  "E",
  Buffer.from(
    `SERROR\0VERROR\0C23505\0Mduplicate key value violates unique constraint "users_reset_token_key"\0DKey (reset_token)=(${SECRET}) already exists.\0tusers\0\0`,
  ),
);
const PG_READY = Buffer.concat([pgMessage("R", Buffer.from([0, 0, 0, 0])), pgMessage("Z", Buffer.from("I"))]);
const pgServer = () => {
  let isOpen = false;
  return answering(undefined, () => {
    if (isOpen) return Buffer.concat([PG_ERROR, pgMessage("Z", Buffer.from("I"))]);
    isOpen = true;
    return PG_READY;
  });
};

const cases = {
  async ioredis() {
    const { default: Redis } = await import("ioredis");
    const server = await answering(undefined, (chunk) =>
      /auth/i.test(String(chunk)) ? "-WRONGPASS invalid username-password pair\r\n" : "+OK\r\n",
    );
    const client = new Redis({
      port: server.port,
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: null,
    });
    client.on("error", () => undefined);
    await client.connect();
    await client.auth(SECRET).finally(() => {
      client.disconnect();
      server.close();
    });
  },
  async mongoose() {
    const { default: mongoose } = await import("mongoose");
    const User = mongoose.model(
      "User",
      new mongoose.Schema({ password: { type: String, minlength: 20 }, pin: Number }),
    );
    await new User({ password: SECRET, pin: SECRET }).validate();
  },
  async joi() {
    const { default: Joi } = await import("joi");
    const { error } = Joi.object({ password: Joi.string().pattern(/^x/) }).validate({ password: SECRET });
    throw error;
  },
  async "class-validator"() {
    const { getMetadataStorage, MinLength, validateOrReject } = await import("class-validator");
    class Login {
      password = SECRET;
    }
    MinLength(20)(Login.prototype, "password");
    if (getMetadataStorage() === undefined) return;
    await validateOrReject(new Login()).catch((errors) => {
      throw Object.assign(new Error("invalid login"), { errors });
    });
  },
  async "express-validator"() {
    const { body, validationResult } = await import("express-validator");
    const request = { body: { password: SECRET } };
    await body("password").isLength({ min: 20 }).run(request);
    throw Object.assign(new Error("invalid request"), { errors: validationResult(request).array() });
  },
  async pg() {
    const { default: pg } = await import("pg");
    const server = await pgServer();
    const client = new pg.Client({
      host: "127.0.0.1",
      port: server.port,
      user: "shop",
      password: SECRET,
      database: "shop",
    });
    client.on("error", () => undefined);
    await client.connect();
    await client.query(`update users set reset_token = '${SECRET}'`).finally(() => {
      client.connection.stream.destroy();
      server.close();
    });
  },
  async mysql2() {
    const { default: mysql } = await import("mysql2/promise");
    const connection = await mysql.createConnection(`mysql://root:${SECRET}@127.0.0.1:1/shop`);
    await connection.end();
  },
  async knex() {
    const { default: knex } = await import("knex");
    const server = await pgServer();
    const db = knex({
      client: "pg",
      connection: `postgres://shop:${SECRET}@127.0.0.1:${server.port}/shop`,
      pool: { min: 0, max: 1 },
    });
    await db("users")
      .insert({ email: "ann@example.com", password: SECRET })
      .finally(() => {
        void db.destroy();
        server.close();
      });
  },
  async drizzle() {
    const { drizzle } = await import("drizzle-orm/node-postgres");
    const { pgTable, text } = await import("drizzle-orm/pg-core");
    const users = pgTable("users", { email: text("email"), password: text("password") });
    const failing = { query: async () => Promise.reject(new Error("connection lost")) };
    await drizzle(failing).insert(users).values({ email: "ann@example.com", password: SECRET });
  },
  async sequelize() {
    const { DataTypes, Sequelize } = await import("sequelize");
    const db = new Sequelize(`postgres://shop:${SECRET}@127.0.0.1:1/shop`, { logging: false });
    const User = db.define("User", { password: { type: DataTypes.STRING, validate: { len: [20, 40] } } });
    await User.build({ password: SECRET }).validate();
  },
  async "sequelize, connecting"() {
    const { Sequelize } = await import("sequelize");
    await new Sequelize(`postgres://shop:${SECRET}@127.0.0.1:1/shop`, { logging: false }).authenticate();
  },
  async axios() {
    const { default: axios } = await import("axios");
    await axios.post(
      `http://127.0.0.1:1/login?api_key=${SECRET}`,
      { email: "ann@example.com", password: SECRET },
      {
        auth: { username: "ann", password: SECRET },
        headers: { "x-api-key": SECRET, cookie: `sid=${SECRET}` },
      },
    );
  },
  async "the AWS SDK"() {
    const { GetObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
    const client = new S3Client({
      region: "eu-west-1",
      endpoint: "http://127.0.0.1:1",
      maxAttempts: 1,
      credentials: { accessKeyId: "AKEXAMPLE", secretAccessKey: SECRET, sessionToken: SECRET },
    });
    await client
      .send(new GetObjectCommand({ Bucket: "b", Key: "k", SSECustomerKey: SECRET }))
      .catch((error) => {
        throw Object.assign(error, {
          input: { SSECustomerKey: SECRET, credentials: { secretAccessKey: SECRET } },
        });
      });
  },
  async child_process() {
    await promisify(execFile)("sh", ["-c", `exit 3; mysqldump -uroot -p${SECRET} shop`]);
  },
  async "child_process, arguments"() {
    await promisify(execFile)(process.execPath, [
      "-e",
      "process.exit(3)",
      "--",
      "--password",
      SECRET,
      `--token=${SECRET}`,
    ]);
  },
  async "new URL"() {
    new URL(`postgres://shop:${SECRET}@db:99999/x`);
  },
  async fetch() {
    await fetch(`http://ann:${SECRET}@127.0.0.1:1/`);
  },
  async "JSON.parse"() {
    JSON.parse(`{"password":"${SECRET}",}`);
  },
};

for (const [name, run] of Object.entries(cases)) {
  let error;
  await run().catch((thrown) => {
    error = thrown;
  });
  if (error === undefined) continue;
  transport.clear();
  captureException(error, { extra: { failure: error } });
  await flush(5000);
  process.stdout.write(`${JSON.stringify({ name, event: transport.events[0] })}\n`);
}
process.exit(0);
