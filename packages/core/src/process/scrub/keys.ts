/**
 * How likely the value under a name is a secret.
 *
 * `certain`: whatever it is. `likely`: unless the text around says otherwise; in prose only what looks like one.
 * `counted`: like `likely`, but a number is a count (`prompt_tokens: 512`). `innocent`: keep it.
 */
export type Secrecy = "certain" | "likely" | "counted" | "innocent";

export type KeyJudge = (key: string) => Secrecy;

/** Part of a name that is a secret whatever stands beside it. */
const CERTAIN = words(`
  password passwords passwd pwd passphrase passcode passwort kennwort motdepasse contraseña contrasena senha
  secret secrets credential credentials cred creds authorization bearer jwt csrf xsrf saml pkce
  cvv cvc csc ssn otp totp hotp mnemonic apikey apikeys privatekey secretkey accesskey
  creditcard cardnumber ccnumber cardcvc sessid phpsessid jsessionid sessionid connectionstring
`);

/** Part of a name that is a secret unless a part beside it says it is about one (`tokenCount`, `authType`). */
const LIKELY = words(`
  token auth oauth authentication session sid sso cookie identity pass pw pin salt nonce oidc mfa signature sig hmac
`);

/** The plural of such a part: secrets, or a count of them. */
const COUNTED = words("tokens sessions cookies pins identities signatures");

/** Parts that say the value is a measure or a description. */
const DESCRIBING = words(`
  count counts counter total max min maximum minimum limit limits length len size num usage used budget remaining
  left rate ttl expiry expires expired expiration expire expiresat lifetime age duration timeout ms sec secs seconds
  minutes hours days at date time timestamp created updated started ended start end
  type kind method methods mode provider providers scheme status enabled disabled required supported version
  algorithm alg position offset index name names endpoint details stats policy
`);

/** Parts that make the `key` behind them a secret; `primary`, `cache`, `sort`, `foreign` and `public` do not. */
const KEY_OWNERS = words(`
  api private access encryption encrypt decryption signing master service account ssh pgp gpg aes rsa hmac cipher
  crypto shared client webhook admin deploy ssl tls subscription consumer license licence server app application
`);

/** Two parts that are a secret together only. */
const PAIRS: ReadonlySet<string> = new Set([
  "code verifier",
  "card number",
  "card no",
  "card num",
  "card code",
  "card pan",
  "credit card",
  "debit card",
  "cc number",
  "cc num",
  "security code",
  "verification code",
  "backup code",
  "backup codes",
  "recovery code",
  "recovery codes",
  "recovery phrase",
  "seed phrase",
  "access code",
  "social security",
  "two factor",
  "2 fa",
  "cv 2",
  "connection string",
  "account number",
  "routing number",
]);

/** Longest name that is judged; the rest of a longer one is not looked at. */
const JUDGED_LENGTH = 256;
/** How many verdicts are remembered; names come from code, so there are few, unless somebody uses ids as names. */
const REMEMBERED = 2000;

/**
 * Makes the judge of names.
 *
 * A name is taken apart into words (`userApiKey2`, `USER_API_KEY_2` and `user-api-key-2` are `user api key 2`) and
 * the words are judged, never pieces of words: `author`, `monkey` and `tokenizer` are innocent. Names written
 * without any boundary (`dbpassword`, `accesstoken`) are told by how they end.
 *
 * @param extra - further names: a text matches its words in a row (`tenant id` is in `x-tenant-id`), a RegExp is
 * tested against the whole name
 */
export function createKeyJudge(extra: readonly (string | RegExp)[] = []): KeyJudge {
  const phrases = extra.filter((key) => typeof key === "string").map((key) => ` ${partsOf(key).join(" ")} `);
  const expressions = extra
    .filter((key) => key instanceof RegExp)
    .map((key) => new RegExp(key.source, key.flags.replace(/[gy]/g, "")));
  const verdicts = new Map<string, Secrecy>();

  const judge = (key: string): Secrecy => {
    const parts = partsOf(key);
    const phrase = ` ${parts.join(" ")} `;
    if (phrases.some((extraPhrase) => extraPhrase !== "  " && phrase.includes(extraPhrase))) return "certain";
    if (expressions.some((expression) => expression.test(key))) return "certain";
    return judgeParts(parts);
  };

  return (name) => {
    const key = name.length > JUDGED_LENGTH ? name.slice(0, JUDGED_LENGTH) : name;
    let verdict = verdicts.get(key);
    if (verdict === undefined) {
      if (verdicts.size >= REMEMBERED) verdicts.clear();
      verdict = judge(key);
      verdicts.set(key, verdict);
    }
    return verdict;
  };
}

/** The words of a name, in lower case: at `_`, `-`, `.` and the like, where small meets capital, around digits. */
export function partsOf(name: string): string[] {
  return (name.normalize("NFKC").match(WORD) ?? []).map((word) => word.toLowerCase());
}

const WORD = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\x00-\x7f]+/g;

function judgeParts(parts: readonly string[]): Secrecy {
  const joined = parts.join("");
  // Odd capitals (`passWord`) and accents split a word that nobody meant to split.
  if (/passw(?:or)?d|passphrase/.test(joined) || CERTAIN.has(joined)) return "certain";
  if (parts.some(isCertain) || parts.some((part, i) => isPair(parts[i - 1], part))) return "certain";
  if (parts.some((part) => DESCRIBING.has(part))) return "innocent";
  if (parts.some((part) => LIKELY.has(part) || LIKELY_ENDING.test(part))) return "likely";
  return parts.some((part) => COUNTED.has(part)) ? "counted" : "innocent";
}

function isCertain(part: string): boolean {
  return CERTAIN.has(part) || CERTAIN_ENDING.test(part);
}

function isPair(left: string | undefined, right: string): boolean {
  if (left === undefined) return false;
  if (right === "key" || right === "keys") return KEY_OWNERS.has(left) || LIKELY.has(left);
  return PAIRS.has(`${left} ${right}`);
}

/** No English word ends like this. */
const CERTAIN_ENDING = /credentials?$|.(?:secret|pwd|apikey|privatekey|secretkey|accesskey)$/;
const LIKELY_ENDING = /.(?:token|cookie|auth)$/;

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
