/** The failures of the bench: errors that name themselves, thrown from a known depth. */

/** The stack depth every figure is for. */
export const DEPTH = 10;

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** The `n`th word, in letters alone: no client's grouping can take it for a number or an id. */
export function word(n, prefix = "") {
  let rest = n;
  let text = "";
  for (let place = 0; place < 4; place += 1) {
    text = LETTERS[rest % LETTERS.length] + text;
    rest = Math.floor(rest / LETTERS.length);
  }
  return prefix + text;
}

/** An error that stands for the case `name`, with {@link DEPTH} frames of the application on its stack. */
export function failure(name, depth = DEPTH) {
  if (depth > 1) return failure(name, depth - 1);
  return new Error(`case ${name} failed`);
}
