import { networkErrorText } from "../http/network-error.js";

/** Why something on the way to the server failed: what was seen, and what to do. */
export interface Failure {
  readonly text: string;
  readonly advice: string;
}

/**
 * Explains an error of the network in plain words.
 *
 * @param error - as Node or the connection throws it
 * @param whom - what was to be reached: `errors.example.com:443`
 */
export function explainFailure(error: unknown, whom: string): Failure {
  const code = codeOf(error);
  const text = networkErrorText(error);
  const known = code === undefined ? byText(text) : BY_CODE[code];
  const detail = code === undefined || text.includes(code) ? text : `${text} (${code})`;
  return { text: `${whom}: ${detail}`.slice(0, 400), advice: known ?? UNKNOWN };
}

const LATE =
  "Nobody answers, and nobody refuses. A firewall that drops packets? A wrong address? Ask for the outgoing connection to be allowed, or set a proxy.";
const CUT = "The connection was cut. A firewall or proxy that forbids it, or a server that crashed?";
const UNKNOWN = "Try the same address with curl -v from this machine.";
const NO_HTTP =
  "Something answers there, but not in HTTP. The wrong port, or https:// where the server speaks http:// (or the reverse)?";

const BY_CODE: Readonly<Record<string, string>> = {
  ENOTFOUND:
    "The name is not known here. A typo in the DSN's host? Inside a container or a private network: can its name server resolve it?",
  EAI_AGAIN: "The name server does not answer. Is the network up, and the container's DNS set?",
  ECONNREFUSED:
    "The host is there, but nothing listens on this port. Is the server running? Is the DSN's port right?",
  ECONNRESET: CUT,
  EPIPE: CUT,
  EHOSTUNREACH: "There is no way to this host: another network, or a firewall.",
  ENETUNREACH: "There is no network that leads there. Is this machine online? An IPv6 address without IPv6?",
  EACCES: "The system forbids the connection.",
  ERR_ACCESS_DENIED: "Node's permission model forbids it: --allow-net.",
  ETIMEDOUT: LATE,
  TIME_OVER: LATE,
  EPROTO: "The server does not speak TLS on this port: http:// in the DSN, or another port?",
  ERR_SSL_WRONG_VERSION_NUMBER:
    "The server does not speak TLS on this port: http:// in the DSN, or another port?",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION:
    "The server speaks only versions of TLS that Node no longer does: it wants an update.",
};

function byText(text: string): string | undefined {
  if (/no answer within|timed out/.test(text)) return LATE;
  if (text.includes("no HTTP")) return NO_HTTP;
  if (text.includes("closed")) return CUT;
  return undefined;
}

/** Those of Node's parser all mean the same. */
function codeOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (typeof code !== "string") return undefined;
  if (code.startsWith("HPE_")) return undefined;
  return code;
}
