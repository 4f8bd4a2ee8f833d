/** Bytes as base64; a text as that of its UTF-8 bytes. Every Node has `Buffer`, and it is ten times as quick as `btoa`. */
export function toBase64(data: string | Uint8Array): string {
  return typeof data === "string"
    ? Buffer.from(data, "utf8").toString("base64")
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

/** The bytes again. What is no base64 is skipped. */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
