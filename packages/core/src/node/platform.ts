import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import os from "node:os";
import { systemClock } from "../clock.js";
import type { Json } from "../event.js";
import type { Platform } from "../platform.js";
import { SDK } from "../sdk.js";
import { findProjectRoot, hostContexts } from "./host.js";
import { createHttpTransport } from "./http-transport.js";
import { detectRelease } from "./release.js";
import { createSourceLines } from "./source-lines.js";

/** Node, as the client sees it. */
export function nodePlatform(): Platform {
  const projectRoot = findProjectRoot(process.cwd(), process.argv[1]);
  let contexts: Record<string, Record<string, Json>> | undefined;
  return {
    clock: systemClock,
    env: process.env,
    sdk: SDK,
    projectRoot,
    random: Math.random,
    newId: () => randomUUID().replaceAll("-", ""),
    // Past any patched or closed stream, and at once.
    write: (line) => void writeSync(2, line),
    afterTurn: (fn) => void setImmediate(fn),
    serverName: () => os.hostname(),
    release: () => detectRelease(projectRoot, process.env),
    contexts: () => {
      contexts ??= hostContexts();
      return contexts;
    },
    contextLines: (lines) => createSourceLines({ contextLines: lines }),
    transport: (dsn, { requestTimeoutMs, proxy }, diagnostics) =>
      createHttpTransport({
        dsn,
        sdk: SDK,
        requestTimeoutMs,
        proxy,
        clock: systemClock,
        diagnostics,
        userAgent: userAgent(),
      }),
    integrations: [],
  };
}

function userAgent(): string {
  return `${SDK.name}/${SDK.version} (node ${process.versions.node}; ${os.type()} ${os.release()})`;
}
