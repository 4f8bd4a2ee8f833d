/**
 * One case: a value, where it stands, what of it must not leave, and what must. `text` stands for every place that takes
 * a text, `value` for every place that takes a value; the others are parts of an event. All values are made up.
 */
export type CorpusCase = readonly [
  input: unknown,
  place: "text" | "value" | "name" | "request" | "user",
  mustNotLeave: readonly string[],
  mustStay: readonly string[],
];

/** A text that leaves as it is. */
export function innocent(text: string, place: CorpusCase[1] = "text"): CorpusCase {
  return [text, place, [], [text]];
}
