const MESSAGE_LENGTH = 200;

/**
 * A message without what differs from one occurrence to the next: UUIDs, addresses in memory, hexadecimal ids of 8 digits
 * and more and other long ids become `<id>`, other numbers `<n>`, text in quotes `<text>`, paths and URLs `<path>`, query
 * strings `?<text>`; lists of them one of them. Only its first 200 characters count.
 */
export function normaliseMessage(message: string): string {
  const start = message.slice(0, MESSAGE_LENGTH);
  if (!VARYING.test(start)) return start;
  return start
    .replace(QUOTED, "<text>")
    .replace(PATH, "<path>")
    .replace(QUERY, "?<text>")
    .replace(ID, "<id>")
    .replace(/\d+(?:[.,:]\d+)*/g, "<n>")
    .replace(/(<(?:text|path|id|n)>)(?:, ?\1)+/g, "$1");
}

/** What at least one of stands in everything that is normalised. */
const VARYING = /[\d"'`/\\?-]/;

/** An apostrophe within a word is no quote: the text between two of them belongs to the message. */
const QUOTED = /"[^"\n]*"|(?<!\w)'(?:[^'\n]|'(?=\w))*'(?!\w)|`[^`\n]*`/g;

const PATH = /[a-z]+:\/\/[^\s<>]+|(?<![\w<])(?:\/[\w.@%+-]+){2,}|\b[A-Z]:\\[^\s<>]+/gi;

const QUERY = /\?[\w.~%+[\]-]+=[^\s<>]*/g;

/**
 * UUIDs; addresses; hexadecimal digits with a digit among them; sixteen letters and digits and more with digits in two
 * places, as ULIDs and other random ids have them and names have not.
 */
const ID =
  /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b|(?<![a-z\d])(?=[a-z]*\d+[a-z]+\d)[a-z\d]{16,}(?![a-z\d])/gi;
