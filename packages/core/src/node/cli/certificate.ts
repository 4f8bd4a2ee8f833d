import type { TLSSocket } from "node:tls";
import { counted, type Finding } from "./report.js";

/** What is known of a server's certificate. */
export interface CertificateFacts {
  /** `TLSv1.3` */
  readonly protocol: string;
  readonly issuer: string;
  readonly subject: string;
  /** Names it is made for: `DNS:errors.example.com, IP Address:10.0.0.1`. */
  readonly names: string;
  /** Negative when it is over. */
  readonly daysLeft: number;
  /** Code of what is wrong: `CERT_HAS_EXPIRED`. */
  readonly trouble?: string;
}

const SOON_DAYS = 14;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Reads the certificate of a connection that stands, trusted or not.
 *
 * @param now - milliseconds since the Unix epoch
 */
export function readCertificate(socket: TLSSocket, now: number): CertificateFacts {
  const { issuer, subject, valid_to, subjectaltname } = socket.getPeerCertificate();
  const trouble = socket.authorized ? undefined : String(socket.authorizationError);
  return {
    protocol: socket.getProtocol() ?? "unknown",
    issuer: nameIn(issuer),
    subject: nameIn(subject),
    names: subjectaltname ?? "none",
    daysLeft: Math.floor((Date.parse(valid_to) - now) / DAY_MS),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/**
 * What there is to say about it.
 *
 * @param host - whom it should be for
 */
export function certificateFinding(
  facts: CertificateFacts,
  host: string,
  env: Readonly<Record<string, string | undefined>>,
): Finding {
  const { protocol, issuer, daysLeft, trouble } = facts;
  const base = { topic: "certificate", details: { ...facts } };
  const text = `${protocol}, issued by ${issuer}, ${expiry(daysLeft)}`;
  if (trouble === undefined) {
    return daysLeft < SOON_DAYS
      ? { ...base, state: "note", text, advice: "It will soon be over: is its renewal set up?" }
      : { ...base, state: "ok", text };
  }
  const isIgnored = env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0";
  return {
    ...base,
    state: isIgnored ? "note" : "problem",
    text: `${text}: ${trouble}`,
    advice: isIgnored
      ? `NODE_TLS_REJECT_UNAUTHORIZED=0 lets it pass, for every connection of the application: whoever stands in between can read and change what is sent. ${adviceFor(facts, host, env)}`
      : adviceFor(facts, host, env),
  };
}

function expiry(daysLeft: number): string {
  if (daysLeft < 0) return `expired ${counted(-daysLeft, "day")} ago`;
  return `valid for ${counted(daysLeft, "more day")}`;
}

function adviceFor(
  { trouble, names, subject, issuer }: CertificateFacts,
  host: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  switch (trouble) {
    case "CERT_HAS_EXPIRED":
      return "The certificate (or one above it) is over. Renew it on the server.";
    case "CERT_NOT_YET_VALID":
      return "The certificate is not valid yet. Is this machine's clock right?";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
      return `The certificate is for other names (${names === "none" ? subject : names}), not for ${host}. Use one of them in the DSN, or have a certificate made for ${host}.`;
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return `Node does not know who issued it (${issuer}). Often the server sends its own certificate without the intermediate one: make it send the whole chain. ${ownAuthority(env)}`;
    default:
      return `Node does not trust who issued it (${issuer}). ${ownAuthority(env)}`;
  }
}

function ownAuthority(env: Readonly<Record<string, string | undefined>>): string {
  const path = env["NODE_EXTRA_CA_CERTS"];
  return path === undefined || path === ""
    ? "If it is an authority of your own (or of a proxy that looks into connections), put its certificate into a PEM file and start Node with NODE_EXTRA_CA_CERTS=/path/to/ca.pem; a self-signed certificate is its own authority."
    : `NODE_EXTRA_CA_CERTS is set (${path}), but this authority is not in that file, or Node could not read it: it reads it once, when it starts.`;
}

function nameIn(
  name: { readonly O?: string | string[]; readonly CN?: string | string[] } | undefined,
): string {
  const parts = [name?.O, name?.CN].flat().filter((part) => part !== undefined);
  return parts.length === 0 ? "nobody named" : [...new Set(parts)].join(", ");
}
