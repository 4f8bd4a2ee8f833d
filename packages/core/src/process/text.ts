/** Stands at the end of a text that was cut, and for everything else that was left out. */
export const CUT = "…";

/** Fills the `%s` of a template; values without a place are left out. */
export function interpolate(template: string, params: readonly string[]): string {
  let index = 0;
  return template.replace(/%%|%[sdifjoO]/g, (mark) => (mark === "%%" ? "%" : (params[index++] ?? mark)));
}

interface WellFormed {
  toWellFormed(): string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A text that every server can read and store: no lone surrogate, no NUL, at most `maxLength` UTF-16 units.
 * What is too long ends in `…`, cut between two code points.
 */
export function cutText(text: string, maxLength: number): string {
  const short = text.length <= maxLength ? text : cut(text, maxLength);
  const wellFormed = (short as unknown as WellFormed).toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\ufffd") : wellFormed;
}

function cut(text: string, maxLength: number): string {
  if (maxLength < 1) return "";
  const end = isHighSurrogate(text.charCodeAt(maxLength - 2)) ? maxLength - 2 : maxLength - 1;
  // A slice keeps its whole parent alive; the way through bytes makes a text of its own, so that 5 MB can be freed.
  return decoder.decode(encoder.encode(text.slice(0, end))) + CUT;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Length of a text in UTF-8 bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** A text of at most `maxBytes` UTF-8 bytes, cut between two code points. */
export function cutBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
