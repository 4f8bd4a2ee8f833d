// A server and its end. Nothing here is needed for a crash: what nobody caught is reported while Node ends the process,
// with Node's own exit code and output. SIGTERM is the application's to handle; Corvid's part of it is `close()`.
import { createServer } from "node:http";
import { captureException, close, init } from "@corvid/core";

init();

const server = createServer((request, response) => {
  if (request.url === "/crash") setImmediate(loseTheDatabase);
  if (request.url === "/refund") {
    captureException(new Error("The bank refused a refund"));
  }
  response.end("ok");
});

function loseTheDatabase() {
  throw new Error("The database is gone");
}

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${server.address().port}` }));
});

// #region sigterm
process.once("SIGTERM", async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  const isAllSent = await close();
  console.log(JSON.stringify({ isAllSent }));
});
// #endregion
