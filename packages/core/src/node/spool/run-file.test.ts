import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { latestText, MAX_FILE_BYTES, MAX_TEXT_BYTES, RUN_FILE, RunFile } from "./run-file.js";

let folder: string;
let run: RunFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corvid-run-file-"));
  run = new RunFile();
});
afterEach(() => {
  run.remove();
  rmSync(folder, { recursive: true, force: true });
});

function content(): Buffer {
  return readFileSync(join(folder, RUN_FILE));
}

describe("RunFile", () => {
  test("keeps the last text, readable for its owner alone", () => {
    for (const text of ["first", "second, longer", "third ✓"]) {
      run.write(folder, text);
      expect(latestText(content())).toBe(text);
    }

    expect(statSync(join(folder, RUN_FILE)).mode & 0o777).toBe(0o600);
  });

  test("has the text before when a write was cut short, at whichever byte", () => {
    run.write(folder, "a much longer text that was there in the beginning");
    run.write(folder, "the text before");
    const before = content();
    run.write(folder, "the text that comes late");
    const after = content();
    const length = 27 + "the text that comes late".length;

    for (let written = 0; written < length; written++) {
      const torn = Buffer.from(before);
      after.copy(torn, 0, 0, written);

      expect(latestText(torn)).toBe("the text before");
    }
    expect(latestText(after)).toBe("the text that comes late");
  });

  test("keeps no text that is too long, and stays small", () => {
    const longest = "x".repeat(MAX_TEXT_BYTES);
    for (let n = 0; n < 5; n++) run.write(folder, longest);
    run.write(folder, `${longest}x`);

    expect(latestText(content())).toBe(longest);
    expect(content().length).toBe(MAX_FILE_BYTES);
  });

  test("does without a folder, and writes once there is one", () => {
    const later = join(folder, "later");
    run.write(later, "lost");
    mkdirSync(later);
    run.write(later, "kept");

    expect(latestText(readFileSync(join(later, RUN_FILE)))).toBe("kept");
  });

  test("goes on in another folder, and leaves what is in the one before", () => {
    run.write(folder, "here");
    const taken = `${folder}.taken`;
    renameSync(folder, taken);
    mkdirSync(folder);
    const next = join(folder, "next");
    mkdirSync(next);
    run.write(next, "there");

    expect(latestText(readFileSync(join(taken, RUN_FILE)))).toBe("here");
    expect(latestText(readFileSync(join(next, RUN_FILE)))).toBe("there");
    rmSync(taken, { recursive: true });
  });

  test("remove() leaves nothing, however often it is called", () => {
    run.write(folder, "text");
    run.remove();
    run.remove();

    expect(() => content()).toThrow("ENOENT");
  });
});

describe("latestText()", () => {
  test("finds nothing in what is no such file, and never throws", () => {
    run.write(folder, "text");
    const whole = content();

    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(whole);
        damaged[at] = damaged[at]! ^ change;
        expect(latestText(damaged)).toBeUndefined();
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => latestText(Buffer.from(bytes)) === undefined));
  });

  test("does not believe a length that is too large", () => {
    writeFileSync(join(folder, RUN_FILE), "00000000 00000001 ffffffff text");

    expect(latestText(content())).toBeUndefined();
    writeFileSync(join(folder, RUN_FILE), "");
  });
});
