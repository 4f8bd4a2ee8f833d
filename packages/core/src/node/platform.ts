import { writeSync } from "node:fs";
import os from "node:os";
import type { ResolvedOptions } from "../client/options.js";
import type { Platform } from "../client/platform.js";
import type { Diagnostics } from "../model/diagnostics.js";
import type { Json } from "../model/event.js";
import { SDK } from "../model/sdk.js";
import type { TraceHeadersFor } from "../trace/tracer.js";
import type { HttpDestination } from "../transport/destination.js";
import type { Transport } from "../transport/transport.js";
import { systemClock } from "./clock.js";
import { processEnd } from "./exit/process-end.js";
import { unhandledRejections } from "./exit/rejections.js";
import { uncaughtExceptions } from "./exit/uncaught.js";
import { nodeWarnings } from "./exit/warnings.js";
import { workingFolder } from "./host/folders.js";
import { findProjectRoot, hostContexts } from "./host/host.js";
import { detectRelease } from "./host/release.js";
import { createSentryTransport, nameOfServer } from "./http/sentry-transport.js";
import { createHttpTransport } from "./http/transport.js";
import { createIdSource } from "./ids.js";
import { childProcessIntegration } from "./integrations/child-process.js";
import { consoleIntegration } from "./integrations/console.js";
import { httpIntegration } from "./integrations/http.js";
import { modulesIntegration } from "./integrations/modules.js";
import { processIntegration } from "./integrations/process.js";
import { createSourceLines } from "./source/source-lines.js";

/** Node, as the client sees it. */
export function nodePlatform(): Platform {
  const projectRoot = findProjectRoot(workingFolder(), process.argv[1]);
  let contexts: Record<string, Record<string, Json>> | undefined;
  const newId = createIdSource();
  let headersFor: TraceHeadersFor = () => undefined;
  return {
    clock: systemClock,
    env: process.env,
    sdk: SDK,
    projectRoot,
    random: Math.random,
    newId,
    // Past any patched or closed stream, and at once.
    write: (line) => void writeSync(2, line),
    // An immediate would keep the process alive for one more turn, and `beforeExit` would come twice.
    afterTurn: (fn) => void systemClock.schedule(fn, 0),
    serverName: () => os.hostname(),
    release: () => detectRelease(projectRoot, process.env),
    contexts: (onFailure) => {
      contexts ??= hostContexts(projectRoot, process.env, onFailure);
      return contexts;
    },
    contextLines: (lines, trustedUntilMs) => createSourceLines({ contextLines: lines, trustedUntilMs }),
    transport: transportTo,
    integrations: [
      uncaughtExceptions,
      unhandledRejections,
      nodeWarnings,
      consoleIntegration(),
      httpIntegration((url) => headersFor(url)),
      childProcessIntegration(),
      processIntegration(),
      modulesIntegration(projectRoot),
    ],
    propagate: (wanted) => {
      headersFor = wanted;
    },
    watchEnd: (client) => processEnd().join(client),
  };
}

function transportTo(
  { codec, dsn, name, ca, proxy, compressAboveBytes, post }: HttpDestination,
  options: ResolvedOptions,
  diagnostics: Diagnostics,
): Transport {
  const { debug, requestTimeoutMs } = options;
  const setup = {
    ca,
    proxy: proxy ?? options.proxy,
    compressAboveBytes: compressAboveBytes ?? options.compressAboveBytes,
    requestTimeoutMs,
    post,
    clock: systemClock,
    diagnostics,
  };
  if (codec !== undefined)
    return createHttpTransport({ ...setup, ...codec, name: name ?? `http:${new URL(codec.url).host}` });
  return createSentryTransport({
    ...setup,
    name: name ?? (dsn === options.dsn ? "http" : nameOfServer(dsn!)),
    dsn: dsn!,
    sdk: SDK,
    userAgent: userAgent(),
    debug,
  });
}

function userAgent(): string {
  return `${SDK.name}/${SDK.version} (node ${process.versions.node}; ${os.type()} ${os.release()})`;
}
