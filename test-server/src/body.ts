import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { counted } from "./counted.js";
import { Refusal } from "./refusal.js";

/** The client went away before its request was complete. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/**
 * Reads a request's body as sent.
 *
 * What is beyond the limit is read and thrown away, so that the client gets its answer instead of a broken
 * connection; a body many times the limit is cut off.
 *
 * @param onBytes - told how many bytes have arrived so far
 * @throws {Refusal} 413 when the body is larger than `limit` bytes
 * @throws {ClientGone} when the connection ends first
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  onBytes: (total: number) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let total = 0;
    request.on("data", (chunk: Buffer) => {
      total += chunk.length;
      onBytes(total);
      if (total <= limit) chunks.push(chunk);
      else chunks = [];
      if (total > limit * 8) request.destroy();
    });
    request.once("end", () => {
      if (total > limit) reject(new Refusal(413, `the body is ${total} bytes long, more than ${limit}`));
      else resolve(Buffer.concat(chunks, total));
    });
    // "close" comes after "end" too, where the promise is settled already.
    request.once("close", () =>
      reject(new ClientGone(`the connection ended after ${counted(total, "byte")} of the body`)),
    );
    request.on("error", () => undefined);
  });
}

const decoders: Readonly<
  Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Undoes a `content-encoding`: `gzip`, `deflate` (in its zlib wrapping, as HTTP has it) or `br`.
 *
 * @throws {Refusal} 400 when it is another one or the bytes are broken, 413 when they unfold beyond `limit`
 */
export async function decodeBody(body: Buffer, encoding: string | undefined, limit: number): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return body;
  const decode = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  if (decode === undefined) {
    throw new Refusal(
      400,
      `content-encoding ${JSON.stringify(encoding)}: expected gzip, deflate, br or identity`,
    );
  }
  try {
    return await decode(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new Refusal(413, `the body unfolds to more than ${limit} bytes`);
    }
    throw new Refusal(400, `the body is not valid ${name}: ${(error as Error).message}`);
  }
}
