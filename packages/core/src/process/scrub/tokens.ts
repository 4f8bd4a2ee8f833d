/**
 * Secrets that can be told by their own shape, wherever they stand.
 *
 * One rule keeps every search linear: an expression takes the longest run of characters it likes and cannot fail
 * behind a run of any length; whether the run is a secret is then decided in code.
 */

/** Keys with a prefix of their provider. */
const PREFIXED = new RegExp(
  [
    "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    "gh[pousr]_[A-Za-z0-9]{20,}",
    "github_pat_\\w{20,}",
    "gl(?:pat|rt|dt|cbt)-[\\w-]{16,}",
    "xox[abeoprs]-[\\w-]{8,}",
    "xapp-[\\w-]{8,}",
    "(?:sk|rk|pk)_(?:live|test)_\\w{8,}",
    "whsec_\\w{8,}",
    "AIza[\\w-]{30,}",
    "ya29\\.[\\w-]{8,}",
    "GOCSPX-[\\w-]{16,}",
    "npm_[A-Za-z0-9]{30,}",
    "pypi-[\\w-]{30,}",
    "SG\\.[\\w-]{16,}",
    "sk-[\\w-]{20,}",
    "do[opr]_v1_[0-9a-f]{32,}",
    "hf_[A-Za-z0-9]{30,}",
    "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}",
    "lin_api_\\w{20,}",
    "AGE-SECRET-KEY-1[A-Z0-9]{20,}",
  ].join("|"),
  "g",
);

/** JSON web tokens and their kin: base64url of `{"` behind a word boundary, then parts behind dots. */
const WEB_TOKEN = /eyJ[\w-]*(?:\.[\w-]*)*/g;

/** `Bearer …`, `Basic …`: the scheme, space, and the credentials. */
const SCHEME = /\b(bearer|basic)(\s{1,4}|%20)([\w.~+/=-]{6,})/gi;

/** `scheme://` and all that follows, up to a space, a quote, or an address within. */
const ADDRESS = /:\/\/(?:(?!:\/\/)[^\s"'<>`])*/g;

/** The same, as it stands within a query string. */
const ENCODED_ADDRESS = /%3a%2f%2f[^\s"'<>`&]*/gi;
const ENCODED = /%3a%2f%2f/i;

/** Takes out everything that looks like a secret by itself. */
export function scrubTokens(text: string, placeholder: string): string {
  let result = text;
  if (result.includes("://") && result.includes("@"))
    result = result.replace(ADDRESS, (run) => withoutUserInfo(run, placeholder));
  if (ENCODED.test(result))
    result = result.replace(ENCODED_ADDRESS, (run) => withoutEncodedUserInfo(run, placeholder));
  result = scrubPrivateKeys(result, placeholder);
  if (result.includes("eyJ"))
    result = result.replace(WEB_TOKEN, (run) => (isWebToken(run) ? placeholder : run));
  if (/bearer|basic/i.test(result)) {
    result = result.replace(SCHEME, (run, scheme: string, space: string, value: string) =>
      looksRandom(value) ? `${scheme}${space}${placeholder}` : run,
    );
  }
  return result.replace(PREFIXED, (run, offset: number, whole: string) =>
    isWordUnit(whole.charCodeAt(offset - 1)) ? run : placeholder,
  );
}

/** No word of a language: has a digit, a capital within, or a sign that only encodings use. */
export function looksRandom(value: string): boolean {
  return /\d|[a-z][A-Z]|[=~+/_]/.test(value);
}

function isWebToken(run: string): boolean {
  const [head, body] = run.split(".", 2);
  return head!.length >= 10 && (body === undefined ? run.length >= 40 : body.length >= 4);
}

function isWordUnit(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
}

/** `://user:password@host` without user and password. A password may hold `/`, `?` or `#` that should be encoded. */
function withoutUserInfo(run: string, placeholder: string): string {
  const rest = run.slice(3);
  const pathAt = rest.search(/[/?#]/);
  const authority = pathAt < 0 ? rest : rest.slice(0, pathAt);
  let at = authority.lastIndexOf("@");
  if (at < 0 && /^[^:]*:(?!\d*$)/.test(authority)) at = rest.indexOf("@", authority.length);
  if (at < 0) return run;
  const hasPassword = rest.slice(0, at).includes(":");
  return `://${placeholder}${hasPassword ? `:${placeholder}` : ""}${rest.slice(at)}`;
}

/** The same for `%3A%2F%2Fuser%3Apassword%40host`. */
function withoutEncodedUserInfo(run: string, placeholder: string): string {
  const rest = run.slice("%3a%2f%2f".length);
  const at = rest.search(/%40|@/i);
  const userInfo = rest.slice(0, at);
  if (at < 0 || /%(?:2f|3f|23)|[/?#]/i.test(userInfo)) return run;
  const hasPassword = /%3a|:/i.test(userInfo);
  return `${run.slice(0, -rest.length)}${placeholder}${hasPassword ? `:${placeholder}` : ""}${rest.slice(at)}`;
}

const BEGIN = "-----BEGIN";
const END = "-----END";

/** Without PEM blocks of private keys; one that does not end was cut, so it reaches to the end of the text. */
export function scrubPrivateKeys(text: string, placeholder: string): string {
  if (!text.includes(BEGIN)) return text;
  let result = "";
  let done = 0;
  for (let begin = text.indexOf(BEGIN); begin >= 0; begin = text.indexOf(BEGIN, Math.max(done, begin + 1))) {
    if (!/^[A-Z ]*PRIVATE KEY/.test(text.slice(begin + BEGIN.length, begin + BEGIN.length + 40))) continue;
    const end = endOfBlock(text, begin);
    const lines = text.slice(begin, end).split("\n").length - 1;
    // As many lines as before, so that source lines keep their numbers.
    result += text.slice(done, begin) + placeholder + "\n".repeat(lines);
    done = end;
  }
  return result + text.slice(done);
}

function endOfBlock(text: string, begin: number): number {
  const end = text.indexOf(END, begin);
  if (end < 0) return text.length;
  const close = text.slice(end + END.length, end + END.length + 64).indexOf("-----");
  return close < 0 ? text.length : end + END.length + close + 5;
}
