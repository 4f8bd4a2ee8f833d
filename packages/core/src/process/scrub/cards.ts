import { CUT } from "../text.js";

/** A run of digits in groups, whole, so that the search goes on behind it. */
const RUN = /\d{4,}(?:[ -]?\d)*/g;
/** Whether looking closer is worth it. */
const ENOUGH_DIGITS = /\d{4}[ -]?\d{4}/;

/**
 * Adds payment card numbers: 14 to 19 digits, bare or in groups of four and more, with a known issuer's prefix, that
 * issuer's length, and a valid check digit. Ids, times and figures pass one of the three only by rare chance.
 */
export function cardSpans(text: string, spans: { start: number; end: number; shape: string }[]): void {
  if (!ENOUGH_DIGITS.test(text)) return;
  RUN.lastIndex = 0;
  for (let run = RUN.exec(text); run !== null; run = RUN.exec(text)) {
    if (run[0].length < 14 && !text.startsWith(CUT, RUN.lastIndex)) continue;
    if (joinsWord(text, run.index, run[0].length)) continue;
    cardsIn(run[0], run.index, text.startsWith(CUT, RUN.lastIndex), spans);
  }
  spacedIbans(text, spans);
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

const GROUP = /\d+/g;

function cardsIn(
  run: string,
  offset: number,
  isCut: boolean,
  spans: { start: number; end: number; shape: string }[],
): void {
  const groups = [...run.matchAll(GROUP)];
  for (let i = 0; i < groups.length; i++) {
    if (groups[i]![0].length < 4) continue;
    let digits = "";
    for (let last = i; last < groups.length && digits.length < 19; last++) {
      digits += groups[last]![0];
      const isLast = last === groups.length - 1;
      if (
        !(digits.length >= 14 && isCard(digits)) &&
        !(isCut && isLast && digits.length >= 8 && isIssued(digits))
      )
        continue;
      const end = groups[last]!.index + groups[last]![0].length;
      spans.push({ start: offset + groups[i]!.index, end: offset + end, shape: "card" });
      i = last;
      break;
    }
  }
}

/** Prefixes of issuers, with the lengths they use. */
const ISSUERS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [16, 19]],
  [/^5[1-5]/, [16]],
  [/^2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)/, [16]],
  [/^3[47]/, [15]],
  [/^3(?:0[0-5]|[68]\d)/, [14]],
  [/^35(?:2[89]|[3-8]\d)/, [16]],
  [/^6(?:011|4[4-9]\d|5\d\d)/, [16]],
  [/^62/, [16, 17, 18, 19]],
  [/^220[0-4]/, [16, 17, 18, 19]],
  [/^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, [14, 15, 16, 17, 18, 19]],
];

function isIssued(digits: string): boolean {
  return ISSUERS.some(([prefix]) => prefix.test(digits));
}

function isCard(digits: string): boolean {
  return (
    ISSUERS.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits)) &&
    hasCheckDigit(digits)
  );
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

export function isSocialSecurityNumber(word: string): boolean {
  return /^(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}$/.test(word);
}

/** Lengths of account numbers by country, as the registry has them. */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18
   FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21
   LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27
   ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20`
    .trim()
    .split(/\s+/)
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** An account number of a known country's length whose check digits are right. */
export function isIban(word: string): boolean {
  if (!/^[A-Z]{2}\d\d[A-Z0-9]{11,28}$/i.test(word)) return false;
  const upper = word.toUpperCase();
  if (IBAN_LENGTHS.get(upper.slice(0, 2)) !== upper.length) return false;
  let rest = 0;
  for (const sign of upper.slice(4) + upper.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** `DE89 3704 0044 0532 0130 00` */
const SPACED_IBAN = /\b[A-Z]{2}\d\d[ -][A-Z0-9]{4}(?:[ -][A-Z0-9]{1,4}){2,8}/g;

function spacedIbans(text: string, spans: { start: number; end: number; shape: string }[]): void {
  SPACED_IBAN.lastIndex = 0;
  for (let match = SPACED_IBAN.exec(text); match !== null; match = SPACED_IBAN.exec(text)) {
    const length = IBAN_LENGTHS.get(match[0].slice(0, 2));
    if (length === undefined) continue;
    let taken = 0;
    let end = 0;
    while (end < match[0].length && taken < length) if (/[A-Z0-9]/.test(match[0][end++]!)) taken++;
    if (isIban(match[0].slice(0, end).replace(/[ -]/g, "")))
      spans.push({ start: match.index, end: match.index + end, shape: "iban" });
  }
}
