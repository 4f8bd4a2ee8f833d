import { type Dsn, DsnError, dsnToString, parseDsn } from "../../model/dsn.js";
import { type ProxyAddress, ProxyError, proxyFor } from "../http/proxy.js";
import type { Report } from "./report.js";
import type { World } from "./world.js";

/**
 * Reads a DSN and tells what it says, without its secret.
 *
 * @param source - where the text comes from
 * @returns `undefined` when it cannot be used
 */
export function tellDsn(text: string, source: string, report: Report): Dsn | undefined {
  try {
    const dsn = parseDsn(text);
    report.hide(dsn.secretKey);
    const shown = dsnToString(dsn);
    const old = dsn.secretKey === undefined ? "" : "; its secret key is not shown";
    report.add({
      topic: "dsn",
      state: "ok",
      text: `${shown}, from ${source}${old}`,
      details: { dsn: shown, source },
    });
    return dsn;
  } catch (error) {
    if (!(error instanceof DsnError)) throw error;
    report.add({
      topic: "dsn",
      state: "problem",
      text: `${error.message} (from ${source})`,
      advice: error.received.includes("quotes")
        ? "Take the quotes away: a shell removes them, but docker --env-file and systemd's files for other tools pass them on."
        : "Copy the DSN again from the project's settings, whole: https://KEY@host/PROJECT.",
      details: { part: error.part, source },
    });
    return undefined;
  }
}

/** Chooses the proxy as a client does, and tells it. One that cannot be used is gone without. */
export function tellProxy(target: URL, env: World["env"], report: Report): ProxyAddress | undefined {
  try {
    const proxy = proxyFor(target, undefined, env);
    hideCredentials(proxy, report);
    report.add(proxy === undefined ? noProxy(target, env) : throughProxy(proxy));
    return proxy;
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    const advice = "Corvid sends without a proxy while it is so. Correct the variable, or take it away.";
    report.add({ topic: "proxy", state: "problem", text: error.message, advice });
    return undefined;
  }
}

function throughProxy({ protocol, host, port, authorization }: ProxyAddress) {
  const address = `${protocol}//${host.includes(":") ? `[${host}]` : host}:${port}`;
  const text = `${address}, from the environment${authorization === undefined ? "" : ", with credentials"}`;
  return { topic: "proxy", state: "ok", text, details: { address } } as const;
}

function noProxy(target: URL, env: World["env"]) {
  const without = proxyFor(target, undefined, { ...env, no_proxy: "" });
  const text = without === undefined ? "none" : "none: no_proxy excepts this host";
  return { topic: "proxy", state: "ok", text, details: { address: null } } as const;
}

function hideCredentials(proxy: ProxyAddress | undefined, report: Report): void {
  if (proxy?.authorization === undefined) return;
  const encoded = proxy.authorization.replace("Basic ", "");
  const text = Buffer.from(encoded, "base64").toString();
  const password = text.slice(text.indexOf(":") + 1);
  for (const secret of [encoded, password, encodeURIComponent(password)]) report.hide(secret);
}
