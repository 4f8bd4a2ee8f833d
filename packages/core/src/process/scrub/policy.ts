import { createKeyJudge, createNameMatcher, type KeyJudge } from "./keys.js";

/** Stands where a secret stood. */
export const PLACEHOLDER = "[Filtered]";

/** What one scrubber takes for a secret, and what it does with one. */
export interface Policy {
  readonly judge: KeyJudge;
  /** Whether a name was excepted. */
  readonly isAllowed: (name: string) => boolean;
  /** Whether a place was excepted: `extra.session.id`. */
  readonly isAllowedPlace: (place: string) => boolean;
  /** Whether places are needed: some are excepted, or a record is kept. */
  readonly hasPlaces: boolean;
  /** Whether cookies' values, addresses and names of clients may leave. */
  readonly identities: boolean;
  /** Whether bodies that a parser could not read may leave. */
  readonly bodies: boolean;
  readonly isStrict: boolean;
  readonly patterns: readonly RegExp[];
  /** Says where the scrubber is now. */
  moveTo(place: string | undefined): void;
  /** What stands in a secret's place. @param rule - why it was taken */
  take(rule: string): string;
}

/** The options of a policy, as `scrub` has them. */
export interface PolicyOptions {
  readonly keys?: readonly (string | RegExp)[];
  readonly patterns?: readonly RegExp[];
  readonly allow?: readonly (string | RegExp)[];
  readonly pii?: "strict" | "default";
}

/** What the client may send of its clients. */
export interface PiiOptions {
  readonly sendDefaultPii?: boolean | undefined;
  readonly requestBody?: boolean | undefined;
}

export function createPolicy(
  { keys, patterns = [], allow = [], pii = "default" }: PolicyOptions,
  { sendDefaultPii = false, requestBody = sendDefaultPii }: PiiOptions,
  onTaken?: (rule: string, place: string | undefined) => void,
): Policy {
  let at: string | undefined;
  const isPlace = (entry: string | RegExp): boolean => typeof entry === "string" && entry.includes(".");
  const places = new Set(allow.filter(isPlace) as string[]);
  return {
    judge: createKeyJudge(keys, { allow, isStrict: pii === "strict" }),
    isAllowed: createNameMatcher(allow.filter((entry) => !isPlace(entry))),
    isAllowedPlace: (place) => places.has(place),
    hasPlaces: places.size > 0 || onTaken !== undefined,
    identities: sendDefaultPii,
    bodies: requestBody || sendDefaultPii,
    isStrict: pii === "strict",
    patterns: patterns.map((pattern) => new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, "")}g`)),
    moveTo(place) {
      at = place;
    },
    take(rule) {
      onTaken?.(rule, at);
      return PLACEHOLDER;
    },
  };
}
