/** Reads what a request reports: which of the bench's failures, under which id, standing for how many. */
import { gunzipSync, inflateSync } from "node:zlib";

/** How a failure of the bench names itself; see `workloads/failures.mjs`. */
const CASE = /case ([a-z]+) failed/;

/**
 * @param {Buffer} body
 * @param {string | undefined} encoding - `content-encoding`
 * @param {(text: string) => import("./protocols.mjs").Report} read - the protocol's
 * @returns {{ id: string | undefined, cases: string[], weight: number }} no cases: not a report of a failure
 */
export function readReport(body, encoding, read) {
  if (body.length === 0) return { id: undefined, cases: [], weight: 0 };
  const { id, messages, weight = 1 } = read(decode(body, encoding).toString("utf8"));
  const words = messages.map((message) => CASE.exec(message ?? "")?.[1]).filter((word) => word !== undefined);
  return { id, cases: [...new Set(words)], weight };
}

function decode(body, encoding) {
  if (encoding === "gzip") return gunzipSync(body);
  if (encoding === "deflate") return inflateSync(body);
  if (isBase64Zlib(body)) return inflateSync(Buffer.from(body.toString("latin1"), "base64"));
  return body;
}

/** raven sends compressed data as base64, without a word about it in its headers. */
function isBase64Zlib(body) {
  return body.subarray(0, 2).toString("latin1") === "eJ";
}
