/** Starts a built Next application in a folder, asks it once, and ends it: `node visit.mjs <folder> <path>`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";

const [folder, path] = process.argv.slice(2);
const port = await freePort();
const command = [join("node_modules", "next", "dist", "bin", "next"), "start", folder, "--port", `${port}`];
const server = spawn(process.execPath, [...command, "--hostname", "127.0.0.1"], { stdio: "inherit" });
try {
  const answer = await firstAnswer(`http://127.0.0.1:${port}${path}`);
  if (answer !== "flushed") throw new Error(`expected the answer flushed, received ${answer}`);
} finally {
  server.kill("SIGTERM");
  await once(server, "exit");
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port: free } = probe.address();
  probe.close();
  return free;
}

async function firstAnswer(url) {
  const endsAt = Date.now() + 60_000;
  for (;;) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (Date.now() > endsAt || server.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
