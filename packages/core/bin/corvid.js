#!/usr/bin/env node
// Old versions of Node have to understand this much.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 20 || (major === 20 && minor >= 19)) {
  await import("../dist/esm/node/cli/main.js");
} else {
  process.stderr.write(`corvid: Node 20.19 or newer is needed, this is ${process.versions.node}\n`);
  process.exitCode = 1;
}
