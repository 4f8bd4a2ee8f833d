import { CUT } from "../text.js";
import { cardSpans, isIban, isSocialSecurityNumber } from "./cards.js";

/**
 * Secrets that their own shape tells, wherever they stand: one vocabulary for the scrubber, which takes them out, and for
 * the grouping of messages, to which two tokens are one.
 *
 * A text is walked once, from word to word; whether a word is a secret is decided in a time that its length bounds.
 */

/** A secret found by its shape: `text.slice(start, end)`. */
export interface ShapeSpan {
  readonly start: number;
  readonly end: number;
  /** Whose or what it is: `github`, `card`. */
  readonly shape: string;
}

/**
 * Tokens that begin with a sign of their issuer, as the issuers publish them: the issuer, beginnings, and the expression
 * for what follows. `:w` is `[A-Za-z0-9_]`, `:a` the same without `_`, `:d` with `-`, `:x` a hexadecimal digit.
 */
const TOKENS = `
aws AKIA ASIA ABIA ACCA [A-Z0-9]{12,}
aws-bedrock ABSK bedrock-api-key- :d{30,}
github ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ :w{16,}
gitlab glpat- glrt- gldt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct- glwt- GR1348941 :d{16,}
slack xoxb- xoxp- xoxa- xoxe- xoxe. xoxo- xoxr- xoxs- xapp- xwfp- [\\w.-]{8,}
stripe sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_ sk_prod_ rk_prod_ sk_sbox_ whsec_ :w{8,}
google AIza :d{30,}
google ya29. :d{8,}
google GOCSPX- :d{16,}
npm npm_ :a{30,}
pypi pypi- :d{30,}
rubygems rubygems_ :x{32,}
crates cio :a{32}(?!:w)
nuget oy2 [a-z0-9]{43}(?!:w)
clojars CLOJARS_ :a{40,}
docker dckr_pat_ dckr_oat_ :d{16,}
sendgrid SG. [\\w.-]{16,}
brevo xkeysib- xsmtpsib- :d{30,}
mailgun key- pubkey- :x{32}(?!:w)
mandrill md- :d{22}(?!:w)
resend re_ :a{6,}_:a{16,}
openai sk- :d{20,}
openai sess- :a{32,}
huggingface hf_ api_org_ :a{30,}
replicate r8_ :w{30,}
groq gsk_ :w{32,}
xai xai- :d{40,}
perplexity pplx- :a{32,}
together tgp_v1_ :d{30,}
fireworks fw_ :a{20,}
elevenlabs sk_ :x{40,}
langsmith lsv2_pt_ lsv2_sk_ :w{32,}
langfuse pk-lf- sk-lf- :d{30,}
pinecone pcsk_ :w{30,}
voyage pa- :d{40,}
jina jina_ :w{32,}
tavily tvly- :d{20,}
nvidia nvapi- :d{40,}
cerebras csk- :a{30,}
firecrawl fc- :x{32}(?!:w)
digitalocean dop_v1_ doo_v1_ dor_v1_ :x{32,}
shopify shpat_ shpca_ shppa_ shpss_ :x{30,}
linear lin_api_ lin_oauth_ :w{20,}
notion secret_ :a{32,}
notion ntn_ :w{30,}
airtable pat :a{14}\\.:x{40,}
airtable key (?=:a{0,13}[A-Z])(?=:a{0,13}[a-z])(?=:a{0,13}\\d):a{14}(?!:w)
figma figd_ figo_ figu_ :d{16,}
atlassian ATATT3 ATCTT3 ATBB ATSTT3 [\\w=-]{16,}
postman PMAK- :d{40,}
typeform tfp_ [\\w.-]{30,}
contentful CFPAT- :d{30,}
dropbox sl. sl.u. :d{60,}
doppler dp.pt. dp.st. dp.ct. dp.scim. dp.audit. dp.sa. dp.said. [\\w.-]{30,}
vault hvs. hvb. hvr. :d{20,}
vault s. (?=:a{0,23}[A-Z])(?=:a{0,23}[a-z])(?=:a{0,23}\\d):a{24}(?!:w)
pulumi pul- :x{32,}
databricks dapi dkea dose :x{32}
newrelic NRAK- NRJS- NRII- NRAA- NRIQ- NRSP- :d{16,}
grafana glc_ [\\w+/=]{30,}
grafana glsa_ :w{30,}
sentry sntrys_ sntryu_ sntrya_ sntryi_ [\\w=+/]{30,}
honeycomb hcaik_ hcaic_ hcamk_ hcxik_ :w{26,}
dynatrace dt0c01. dt0s01. dt0s02. dt0s08. [\\w.]{40,}
planetscale pscale_tkn_ pscale_pw_ pscale_oauth_ [\\w.=-]{20,}
prefect pnu_ pnb_ :a{30,}
readme rdme_ :w{40,}
scalingo tk-us- :d{40,}
square sq0atp- sq0csp- sq0idp- :d{20,}
square EAAA :d{50,}
facebook EAA IGQ :a{60,}
cloudflare v1.0- [\\w-]{30,}
cloudflare cfut_ cfat_ cfk_ :d{30,}
heroku HRKU- :d{30,}
netlify nfp_ nfc_ nfo_ nfu_ nfb_ :w{30,}
vercel vcp_ vci_ vca_ vcr_ vck_ :w{20,}
render rnd_ :w{20,}
fly fm1_ fm2_ fm1a_ fm1r_ [\\w+/=]{40,}
fly fo1_ :d{40,}
supabase sbp_ sb_secret_ sb_publishable_ :d{20,}
neon napi_ :w{40,}
adafruit aio_ :a{26,}
age AGE-SECRET-KEY-1 [A-Z0-9]{20,}
alibaba LTAI :a{16,}
tencent AKID :a{24,}
yandex t1. AQVN [\\w.-]{35,}
yandex y0_ y1_ y2_ y3_ :d{40,}
adobe p8e- :a{32,}
authress sc_ ext_ scauth_ authress_ [a-z0-9]{5,30}\\.[\\w.-]{30,}
onepassword ops_eyJ [\\w=+/-]{60,}
onepassword A3- [A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9-]{17,}
buildkite bkua_ bkat_ bkpt_ :a{30,}
circleci CCIPAT_ CCIPRJ_ :w{20,}
duffel duffel_live_ duffel_test_ :d{30,}
easypost EZAK EZTK :a{54}
flutterwave FLWSECK_TEST- FLWSECK- FLWPUBK_TEST- FLWPUBK- :d{12,}
frameio fio-u- :d{40,}
gocardless live_ sandbox_ [\\w-]{40}(?!:w)
mollie live_ test_ :a{30,}
hubspot pat-na1- pat-na2- pat-eu1- pat-ap1- :x{8}-[0-9a-f-]{27,}
jfrog AKCp cmVmdGtu :a{20,}
mapbox pk.eyJ sk.eyJ tk.eyJ [\\w.-]{40,}
okta 00 (?=:d{0,39}[A-Z])(?=:d{0,39}[a-z]):d{40}(?!:d)
plaid access-sandbox- access-development- access-production- public-sandbox- link-sandbox- link-production- [0-9a-f-]{30,}
razorpay rzp_live_ rzp_test_ :a{14,}
settlemint sm_aat_ sm_pat_ sm_sat_ :a{14,}
shippo shippo_live_ shippo_test_ :x{30,}
sonar sqp_ squ_ sqa_ sqb_ :x{30,}
sourcegraph sgp_ slk_ sgd_ :w{30,}
tailscale tskey- :d{16,}
twilio SK :x{32}(?!:w)
discord M N O [\\w-]{22,27}\\.[\\w-]{6}\\.[\\w-]{27,}
octopus API- [A-Z0-9]{26,}
unkey unkey_ :w{16,}
trigger tr_dev_ tr_prod_ tr_stg_ tr_pat_ :w{16,}
stytch secret-live- secret-test- :d{20,}
launchdarkly sdk- mob- api- :x{8}-(?::x{4}-){3}:x{12}
statsig secret- console- client- :a{40,}
posthog phx_ phc_ phs_ :w{30,}
segment sgp_ :a{40,}
onfido api_live. api_sandbox. api_live_us. api_live_ca. [\\w.-]{16,}
persona persona_production_ persona_sandbox_ :d{20,}
bitcoin 5 K L [1-9A-HJ-NP-Za-km-z]{50,51}(?!:w)
bitcoin xprv yprv zprv tprv :a{90,}
beamer b_ [\\w=-]{44}(?!:w)
defined dnkey- :d{26,}
infracost ico- :a{32}(?!:w)
endor endr+ :d{16,}
harness pat. sat. [\\w-]{22}\\.:x{24}\\.[\\w-]{20}
openvsx ovsxp_ ovsxat_ :d{32,}
confluent cflt [\\w+/]{50,}
lob live_pub_ test_pub_ :w{20,}
rootly rootly_ :w{30,}
retool retool_01 retool_wk_ :w{20,}
nightfall NF- :a{20,}
ngrok 2 :a{26}_:a{20,}
workos sk_ wos_ :a{30,}
deno ddo_ ddp_ ddw_ :a{30,}
temporal tmprl_ :w{20,}
e2b e2b_ :x{32,}
postgres md5 :x{32}(?!:w)
jsonwebtoken eyJ [\\w.=-]{37,}|[\\w-]{7,}\\.[\\w-]{4,}[\\w.=-]*
`;

const CLASSES = { w: "\\w", a: "[A-Za-z0-9]", x: "[0-9a-fA-F]", d: "[\\w-]" } as const;

interface Issuer {
  readonly shape: string;
  readonly expression: RegExp;
}

/** Issuers by the first unit of their tokens; each list with one expression that stands for all of it. */
const ISSUERS: ReadonlyMap<
  number,
  { readonly any: RegExp; readonly cut: RegExp; readonly all: readonly Issuer[] }
> = (() => {
  const sources = new Map<number, [shape: string, start: string, tail: string][]>();
  for (const line of TOKENS.trim().split("\n")) {
    const [shape, ...rest] = line.trim().split(/\s+/);
    const tail = expand(rest.pop()!);
    for (const start of rest) {
      const unit = start.charCodeAt(0);
      const list = sources.get(unit) ?? [];
      sources.set(unit, [...list, [shape!, start.replace(/[.+/]/g, "\\$&"), tail]]);
    }
  }
  return new Map(
    [...sources].map(([unit, list]) => [
      unit,
      {
        any: new RegExp(list.map(([, start, tail]) => `${start}(?:${tail})`).join("|"), "y"),
        cut: new RegExp(
          `(?:${
            list
              .filter(([, start]) => start.length > 2)
              .map(([, start]) => start)
              .join("|") || "(?!)"
          })`,
          "y",
        ),
        all: list.map(([shape, start, tail]) => ({
          shape,
          expression: new RegExp(`${start}(?:${tail})`, "y"),
        })),
      },
    ]),
  );
})();

/** `:w{16,}` to `[A-Za-z0-9_]{16,}`. */
function expand(tail: string): string {
  return tail.replace(/:([waxd])/g, (_, name: keyof typeof CLASSES) => CLASSES[name]);
}

/** Shapes that a run of letters and digits does not hold: a text that must be there, and the expression around it. */
const MARKED: readonly (readonly [mark: string, shape: string, expression: RegExp])[] = [
  [":AA", "telegram", /\d{6,12}:AA[\w-]{30,}/g],
  ["atlasv1.", "hashicorp", /\w{10,20}\.atlasv1\.[\w-]{40,}/g],
  ["1//0", "google", /\b1\/\/0[\w-]{20,}/g],
  ["Q~", "microsoft", /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{28,38}/g],
  ["sha256~", "openshift", /sha256~[\w-]{40,}/g],
  [":APA91b", "firebase", /[\w-]{8,24}:APA91b[\w-]{60,}/g],
  ["_mmk", "maxmind", /[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b/g],
  ["access_token$", "braintree", /access_token\$(?:production|sandbox)\$[\w$]{16,}/g],
  ["-us", "mailchimp", /\b[0-9a-f]{32}-us\d{1,2}\b/g],
  ["slack", "slack", /(?<=hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/)[\w/+-]+/g],
  ["webhooks/", "discord", /(?<=\/webhooks\/\d{15,25}\/)[\w-]{30,}/g],
  [".office", "microsoft", /(?<=\.office(?:365)?\.com\/webhook[\w]{0,8}\/)[^\s"'<>]+/g],
  ["hooks/catch", "zapier", /(?<=\/hooks\/catch\/)[\w/]+/g],
  ["/key/", "ifttt", /(?<=\/with\/key\/)[\w-]{16,}/g],
  [
    "$",
    "password hash",
    /\$(?:2[abxy]?|argon2(?:id?|d)|scrypt|s0|pbkdf2[\w-]*|bcrypt[\w-]*|[1567y]|gy|apr1|sha1|md5|P|H)\$[\w./=,$+-]{6,}/g,
  ],
  ["$P$", "password hash", /\$[PH]\$[\w./]{20,}/g],
  ["SCRAM-SHA", "password hash", /SCRAM-SHA-(?:1|256|512)\$[\w+/=:$]{20,}/g],
  ["pbkdf2", "password hash", /\bpbkdf2[_:][\w:]{3,30}(?:\$[\w./=+-]+){2,4}/g],
  ["scrypt:", "password hash", /\bscrypt:\d+:\d+:\d+\$[\w./=+-]+\$[\w./=+-]+/g],
  ["argon2", "password hash", /\bargon2\$argon2(?:id?|d)\$[\w./=,$+-]+/g],
  ["sha1$", "password hash", /\bsha(?:1|256|512)\$[\w./]+\$[0-9a-f]{32,}/g],
  ["sha256$", "password hash", /\bsha(?:1|256|512)\$[\w./]+\$[0-9a-f]{32,}/g],
  ["bcrypt_", "password hash", /\bbcrypt_sha256\$[\w./=,$+-]+/g],
  [
    "}",
    "password hash",
    /\{(?:S?SHA(?:\d{3})?|S?MD5|CRYPT|x-\w+|PBKDF2[\w-]*|ARGON2\w*|BCRYPT)\}[\w./=+$,-]{12,}/gi,
  ],
  ["*", "password hash", /(?<![\w*])\*[0-9A-F]{40}(?![\w*])/g],
  [
    "PuTTY-User-Key",
    "private key",
    /PuTTY-User-Key-File[\s\S]*?Private-Lines:[\s\S]*?(?:Private-MAC: ?\S*|$)/g,
  ],
];

/** Spans of secrets in a text by their shape, in order, none within another. */
export function shapeSpans(text: string, isNamed?: (start: number, end: number) => boolean): ShapeSpan[] {
  const spans: ShapeSpan[] = [];
  for (const [mark, shape, expression] of MARKED) {
    if (!text.includes(mark)) continue;
    expression.lastIndex = 0;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text))
      spans.push({ start: match.index, end: match.index + match[0].length, shape });
  }
  walkWords(text, spans, isNamed);
  cardSpans(text, spans);
  return spans.length < 2 ? spans : apart(spans);
}

function apart(spans: ShapeSpan[]): ShapeSpan[] {
  spans.sort((left, right) => left.start - right.start || right.end - left.end);
  let end = -1;
  return spans.filter((span) => {
    const isFree = span.start >= end;
    if (isFree) end = span.end;
    return isFree;
  });
}

/** Bits of {@link UNITS}: part of a word, a digit. */
const WORD = 1;
const DIGIT = 2;
const UNITS = new Uint8Array(128);
for (const unit of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.~+=")
  UNITS[unit.charCodeAt(0)] = WORD;
for (const unit of "0123456789") UNITS[unit.charCodeAt(0)] = WORD | DIGIT;

/** No token is shorter than one without a digit, or than one with a digit. */
const SHORTEST = 16;
const SHORTEST_WITH_DIGIT = 6;
const CUT_UNIT = CUT.charCodeAt(0);

function walkWords(
  text: string,
  spans: ShapeSpan[],
  isNamed?: (start: number, end: number) => boolean,
): void {
  let start = 0;
  let seen = 0;
  const { length } = text;
  for (let i = 0; i <= length; i++) {
    const unit = i < length ? text.charCodeAt(i) : 0;
    const bits = unit < 128 ? UNITS[unit]! : 0;
    if (bits !== 0) {
      seen |= bits;
      continue;
    }
    const size = i - start;
    if (
      size >= SHORTEST ||
      (unit === CUT_UNIT && size >= SHORTEST_WITH_DIGIT) ||
      ((seen & DIGIT) !== 0 && size >= SHORTEST_WITH_DIGIT)
    ) {
      const span = tokenIn(text, start, i);
      if (span !== undefined) spans.push(span);
      else if (isNamed?.(start, i)) spans.push({ start, end: trimmed(text, start, i), shape: "random" });
    }
    start = i + 1;
    seen = 0;
  }
}

/** Signs behind which a token may begin within a word. */
function isSeam(unit: number): boolean {
  return unit === 45 || unit === 46 || unit === 61 || unit === 95 || unit === 43 || unit === 126;
}

function tokenIn(text: string, start: number, end: number): ShapeSpan | undefined {
  const isCut = text.startsWith(CUT, end);
  if (!isCut && end - start < 11) return undefined;
  for (let at = start; at < end - 3; at++) {
    if (at > start && !isSeam(text.charCodeAt(at - 1))) continue;
    const issuers = ISSUERS.get(text.charCodeAt(at));
    if (issuers === undefined) continue;
    issuers.any.lastIndex = at;
    if (issuers.any.test(text)) {
      const { lastIndex } = issuers.any;
      if (!isRandomEnough(text, at, lastIndex)) {
        at = lastIndex - 1;
        continue;
      }
      const shape = issuers.all.find(({ expression }) => {
        expression.lastIndex = at;
        return expression.test(text);
      })!.shape;
      return { start: at, end: Math.max(trimmed(text, at, end), lastIndex), shape };
    }
    issuers.cut.lastIndex = at;
    if (isCut && issuers.cut.test(text) && end - at >= 6) return { start: at, end, shape: "cut token" };
  }
  if (end - start >= 32 && text[end] === ":") {
    SALTED.lastIndex = start;
    if (SALTED.test(text)) return { start, end: SALTED.lastIndex, shape: "password hash" };
  }
  return ibanOrNumber(text, start, end);
}

/** `salt:hash`, as Node's own functions are often used. */
const SALTED = /[0-9a-f]{32,64}:[0-9a-f]{64,128}(?![\w:])/y;

function ibanOrNumber(text: string, start: number, end: number): ShapeSpan | undefined {
  const word = text.slice(start, Math.min(trimmed(text, start, end), start + 40));
  if (isSocialSecurityNumber(word))
    return { start, end: start + word.length, shape: "social security number" };
  if (isIban(word)) return { start, end: start + word.length, shape: "iban" };
  return undefined;
}

/** Without the signs that end a sentence rather than a token. */
function trimmed(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && isSeam(text.charCodeAt(last - 1)) && text.charCodeAt(last - 1) !== 61) last--;
  return last;
}

/** A name of words has neither digits nor capitals: `sk-loading-spinner-container`. */
function isRandomEnough(text: string, start: number, end: number): boolean {
  return !/^[a-z_.-]+$/.test(text.slice(start, Math.min(end, start + 64)));
}

/** No word of a language: has a digit, or a capital within. */
export function looksRandom(value: string): boolean {
  return /\d|[a-z][A-Z]/.test(value);
}

/**
 * Whether a value beside a naming word is one that nobody made up as a word: letters and digits that alternate, a long
 * hexadecimal number, mixed case of some length.
 */
export function looksSecret(value: string): boolean {
  if (value.length < 8) return false;
  if (
    /^v?\d+(?:[.:-]\d+)*(?:-?(?:alpha|beta|rc|next|canary|snapshot)[.\d-]*)?$|^\d{4}-\d\d-\d\d/i.test(value)
  )
    return false;
  const seams = value.match(/\d(?=[A-Za-z])|[A-Za-z](?=\d)/g)?.length ?? 0;
  if (seams >= 2 && !/^[a-z]+(?:[-_.][a-z]*\d{0,3}[a-z]*)*$/.test(value)) return true;
  if (seams >= 4) return true;
  if (seams >= 1 && /[A-Z]/.test(value) && /[a-z]/.test(value) && value.length >= 10) return true;
  const turns = value.match(/[a-z](?=[A-Z])/g)?.length ?? 0;
  return value.length >= 20 && turns >= 4;
}

/** The same where a name makes it likely: ten letters with a capital or a digit among them do. */
export function looksLikeValue(value: string): boolean {
  return looksSecret(value) || (value.length >= 10 && looksRandom(value));
}

const BEGIN = "-----BEGIN";
const END = "-----END";

/** Without PEM blocks of private keys; one that does not end was cut, so it reaches to the end of the text. */
export function scrubPrivateKeys(text: string, take: (rule: string) => string): string {
  if (!text.includes(BEGIN)) return text;
  let result = "";
  let done = 0;
  for (let begin = text.indexOf(BEGIN); begin >= 0; begin = text.indexOf(BEGIN, Math.max(done, begin + 1))) {
    const head = text.slice(begin + BEGIN.length, begin + BEGIN.length + 40);
    if (!/^[A-Z0-9 ]*PRIVATE KEY/.test(head) && !head.includes(CUT)) continue;
    const end = endOfBlock(text, begin);
    const lines = text.slice(begin, end).split("\n").length - 1;
    // As many lines as before, so that source lines keep their numbers.
    result += text.slice(done, begin) + take("shape: private key") + "\n".repeat(lines);
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
