/** Runs of digits with single separators: the whole run, so that the search goes on behind it. */
const RUN = /\d(?:[ -]?\d){13,}/g;

/** Whether looking closer is worth it. */
const ENOUGH_DIGITS = /\d(?:[ -]?\d){13}/;

/**
 * Takes payment card numbers out of a text: 14 to 19 digits, bare or in groups, with a known issuer's prefix, that
 * issuer's length, and a valid check digit. Ids, times and figures pass one of the three only by rare chance.
 */
export function scrubCards(text: string, placeholder: string): string {
  if (!ENOUGH_DIGITS.test(text)) return text;
  return text.replace(RUN, (run: string, offset: number) => {
    return joinsWord(text, offset, run.length) ? run : withoutCards(run, placeholder);
  });
}

/** Whether a number is a payment card's. */
export function isCardNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1e13 && isCard(String(value));
}

/** A run within a word, a hex number or a UUID is an id. */
function joinsWord(text: string, offset: number, length: number): boolean {
  return (
    /[A-Za-z\d_.][-]?$/.test(text.slice(Math.max(offset - 2, 0), offset)) ||
    /^-?[A-Za-z_]/.test(text.slice(offset + length, offset + length + 2))
  );
}

function withoutCards(run: string, placeholder: string): string {
  const groups = run.split(/([ -])/); // digits, separator, digits, …
  let result = "";
  let i = 0;
  while (i < groups.length) {
    const end = cardEnd(groups, i);
    if (end === undefined) {
      result += groups[i]! + (groups[i + 1] ?? "");
      i += 2;
    } else {
      result += placeholder + (groups[end] ?? "");
      i = end + 1;
    }
  }
  return result;
}

/** Index behind the last group of a card number that starts at group `start`. */
function cardEnd(groups: readonly string[], start: number): number | undefined {
  let digits = "";
  for (let i = start; i < groups.length; i += 2) {
    digits += groups[i]!;
    if (digits.length > 19) return undefined;
    if (digits.length >= 14 && isCard(digits)) return i + 1;
  }
  return undefined;
}

/** Prefixes of issuers, with the lengths they use. */
const ISSUERS: readonly RegExp[] = [
  /^4(?:\d{15}|\d{18})$/,
  /^5[1-5]\d{14}$/,
  /^2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-5]|[68]\d)\d{11}$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^6(?:011|4[4-9]\d|5\d\d)\d{12}$/,
  /^62\d{14,17}$/,
  /^220[0-4]\d{12,15}$/,
  /^(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}$/,
];

function isCard(digits: string): boolean {
  return ISSUERS.some((issuer) => issuer.test(digits)) && hasCheckDigit(digits);
}

/** The Luhn sum: every second digit from the right counts double. */
function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
