import { BlockList, isIP } from "node:net";
import { OptionsError } from "../../model/option-checks.js";

/** A proxy to go through. */
export interface ProxyAddress {
  readonly protocol: "http:" | "https:";
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Value of the `Proxy-Authorization` header. */
  readonly authorization?: string;
}

/** A proxy of the environment that cannot be used. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly variable: string;

  constructor(variable: string) {
    super(`${variable} holds no proxy`);
    this.variable = variable;
  }
}

export const PROXY_FORM = "an address like http://proxy.example:3128";
/** What came is not shown: it may hold credentials. */
export const UNUSABLE = "one that cannot be used";

/**
 * The proxy for a target, by curl's conventions: `http_proxy` (lower case only, because a CGI server sets the other
 * from a request header), `https_proxy`/`HTTPS_PROXY`, `all_proxy`/`ALL_PROXY`, and `no_proxy`/`NO_PROXY` for the
 * exceptions; lower case wins, and an empty value counts as set.
 *
 * @param option - an address overrides the environment, exceptions included; `false` means no proxy
 * @throws {OptionsError} when the option is no address, or its protocol is not http or https
 * @throws {ProxyError} when the variable is
 */
export function proxyFor(
  target: URL,
  option: string | false | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ProxyAddress | undefined {
  if (option === false) return undefined;
  if (option !== undefined) return parseProxy(option, () => new OptionsError("proxy", PROXY_FORM, UNUSABLE));

  const names = target.protocol === "https:" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"];
  const name = [...names, "all_proxy", "ALL_PROXY"].find((candidate) => env[candidate] !== undefined);
  if (name === undefined || env[name]!.trim() === "") return undefined;
  const exceptions = env["no_proxy"] ?? env["NO_PROXY"] ?? "";
  return isExcepted(target, exceptions) ? undefined : parseProxy(env[name]!, () => new ProxyError(name));
}

/**
 * Whether a `no_proxy` list names the target: `*` alone is everything; a name is itself and everything below it, with
 * or without a leading dot; an address is itself or a range (`10.0.0.0/8`); `:port` narrows an entry to one port.
 */
export function isExcepted(target: URL, list: string): boolean {
  if (list.trim() === "*") return true;
  const host = bare(target.hostname);
  const port = target.port === "" ? (target.protocol === "https:" ? "443" : "80") : target.port;
  return list.split(/[\s,]+/).some((entry) => entry !== "" && matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry);
  // More than one colon without brackets: a plain IPv6 address, which has no port.
  const name = bare(parts?.[1] ?? entry).replace(/^\*?\./, "");
  const wantedPort = parts?.[2];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (name === "") return false;
  if (name.includes("/")) return isInRange(host, name);
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

function isInRange(host: string, range: string): boolean {
  const [address = "", bits = ""] = range.split("/");
  const family = isIP(address);
  if (
    family === 0 ||
    family !== isIP(host) ||
    !/^\d{1,3}$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const type = family === 4 ? "ipv4" : "ipv6";
  const ranges = new BlockList();
  ranges.addSubnet(address, Number(bits), type);
  return ranges.check(host, type);
}

/** Ports as in curl: 1080 unless written, 443 to an https proxy. */
function parseProxy(text: string, refusal: () => Error): ProxyAddress {
  const withScheme = text.includes("://") ? text.trim() : `http://${text.trim()}`;
  const parts = /^(https?):\/\/(?:[^@/?#]*@)?(?:\[[^\]]*\]|[^:/?#@[\]]+)(?::(\d+))?\/?$/i.exec(withScheme);
  if (parts === null || !URL.canParse(withScheme)) {
    throw refusal();
  }
  const url = new URL(withScheme);
  const protocol = url.protocol === "https:" ? "https:" : "http:";
  const port = Number(parts[2] ?? (protocol === "https:" ? 443 : 1080));
  const user = `${decode(url.username)}:${decode(url.password)}`;
  return {
    protocol,
    host: bare(url.hostname),
    port,
    ...(user === ":" ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` }),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** IPv6 without brackets, names without the dot that may end them. */
function bare(host: string): string {
  return host
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")
    .toLowerCase();
}
