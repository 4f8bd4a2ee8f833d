/** Where the lines of a text are, found from its beginning as far as asked for. */
export interface LineIndex {
  readonly bytes: number;
  /** Bytes of one line, without its line break; `undefined` when there is no such line. */
  rangeOf(lineno: number): { readonly start: number; readonly end: number } | undefined;
}

/** Lines end where V8 ends them: `\n`, `\r\n`, `\r`, U+2028 and U+2029. */
/** Nothing is searched before the first question. */
export function createLineIndex(content: Buffer): LineIndex {
  let starts = new Uint32Array(256);
  let count = 1;
  let scanned = 0;

  const push = (start: number): void => {
    if (count === starts.length) {
      const larger = new Uint32Array(count * 2);
      larger.set(starts);
      starts = larger;
    }
    starts[count++] = start;
  };
  const scanTo = (lineno: number): void => {
    const { length } = content;
    let i = scanned;
    for (; i < length && count <= lineno; i++) {
      const byte = content[i] as number;
      if (byte > 13 && byte !== 0xe2) continue;
      if (byte === 10) push(i + 1);
      else if (byte === 13 && content[i + 1] !== 10) push(i + 1);
      else if (byte === 0xe2 && content[i + 1] === 0x80 && ((content[i + 2] as number) & 0xfe) === 0xa8)
        push(i + 3);
    }
    scanned = i;
  };
  const breakLength = (next: number): number => {
    if (content[next - 1] === 10) return content[next - 2] === 13 ? 2 : 1;
    return content[next - 1] === 13 ? 1 : 3;
  };

  return {
    get bytes() {
      return starts.byteLength;
    },
    rangeOf(lineno) {
      if (!Number.isInteger(lineno) || lineno < 1) return undefined;
      scanTo(lineno);
      if (lineno > count) return undefined;
      const start = starts[lineno - 1] as number;
      // Behind the last line break there is nothing to show.
      if (start === content.length && lineno > 1) return undefined;
      const next = lineno < count ? (starts[lineno] as number) : undefined;
      return { start, end: next === undefined ? content.length : next - breakLength(next) };
    },
  };
}
