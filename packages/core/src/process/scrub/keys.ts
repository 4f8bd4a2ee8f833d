/**
 * How likely the value under a name is a secret.
 *
 * `certain`: whatever it is. `likely`: unless it is a plain word in prose. `counted`: like `likely`, but a number is a
 * count (`prompt_tokens: 512`). `innocent`: keep it.
 */
export type Secrecy = "certain" | "likely" | "counted" | "innocent";

export type KeyJudge = (key: string) => Secrecy;

/** Part of a name that is a secret whatever stands before it. */
const CERTAIN = words(`
  password passwords passwd pwd pswd psw psswrd passwrd passphrase passphrases passcode passcodes userpass pgpass
  secret secrets credential credentials cred creds authorization bearer jwt jws csrf xsrf saml samlresponse pkce
  cvv cvc csc otp totp hotp mnemonic apikey apikeys apitoken privatekey secretkey accesskey authkey authtoken
  creditcard cardnumber ccnumber cardcvc sessid phpsessid jsessionid aspsessionid sessionid connectionstring connstr
  keypass storepass requirepass masterauth htpasswd kubeconfig dockerconfigjson accesstoken refreshtoken idtoken
  ssn iban dob birthdate birthday dateofbirth nino bsn pesel aadhaar aadhar cpf curp tckn dni personnummer
  fodselsnummer codicefiscale steuernummer sozialversicherungsnummer passportnumber taxid
  passwort passworte kennwort losung geheimnis secreta motdepasse mdp contraseña contrasenia secreto senha segredo parola
  segreto wachtwoord lösenord salasana hasło heslo adgangskode passord kodeord jelszó geslo lozinka şifre parolă
  пароль секрет токен ключ κωδικός 密码 密碼 口令 令牌 密钥 パスワード 暗証番号 비밀번호 암호 סיסמה รหัสผ่าน
`);

/** Part of a name that is a secret unless a part beside it says it is about one (`tokenCount`, `authType`). */
const LIKELY = words(`
  token auth oauth authentication session sess sid sso cookie identity pass pw pin salt pepper nonce oidc mfa signature
  sig hmac assertion authz jeton zugangstoken
`);

/** The plural of such a part: secrets, or a count of them. */
const COUNTED = words("tokens sessions cookies pins identities signatures");

/** Parts that say, at the end, that the value is a measure or a description, and beside a likely part anywhere. */
const DESCRIBING = words(`
  count counts counter total max min maximum minimum limit limits length len size num usage used budget remaining
  left rate ttl expiry expires expired expiration expire expiresat lifetime age duration timeout ms sec secs seconds
  minutes hours days at date time timestamp created updated started ended start end
  type kind method methods mode provider providers scheme status enabled disabled required supported version
  algorithm alg position offset index name names endpoint endpoints details stats policy
`);

/** Further parts that do so at the end only. */
const DESCRIBED = words(`
  error errors exception exceptions service services server host hostname url uri controller module middleware handler
  file filename path paths dir directory folder store manager factory router route page form view queue topic table
  column field fields job task worker test spec event action guard plugin library strategy flow role roles scope scopes
  group issuer audience permission permissions arn prefix suffix domain consent banner message reason strength
  requirements rule rules label title placeholder failure failures failed success valid invalid changed rotated
  matches present exists missing optional user username email attempt attempts retries interval window region zone
  encoding format parser lexer validator generator resolver schema model class interface component screen template
  request requests response driver backend frontend proxy gateway config options settings logic adapter sameSite
`);

/** Parts that make the `key` behind them a secret; `primary`, `cache`, `sort`, `foreign` and `public` do not. */
const KEY_OWNERS = words(`
  api private access encryption encrypt decryption signing master service account ssh pgp gpg aes rsa hmac cipher
  crypto shared client webhook admin deploy ssl tls subscription consumer customer sse license licence server app application
  functions function instrumentation write storageaccount root recovery wallet vapid fcm ec
  stripe openai sendgrid twilio mailgun algolia anthropic google maps aws azure gcp github gitlab datadog sentry
  mailchimp firebase supabase heroku cloudflare square paypal braintree azurestorage cosmos secure session jwt
`);

/** Owners of a `pass` or `pw` that is written without a boundary: `dbpass`, never `compass`. */
const PASS_OWNERS = words(`
  db database user admin root mysql pg postgres redis smtp mail ftp sftp ldap mongo rabbit rabbitmq login my sudo proxy
  ssh wifi app api auth http https imap pop master account client server old new sql vpn rds ora oracle key store
`);

/** Two parts that are a secret together only. */
const PAIRS: ReadonlySet<string> = new Set(
  `code verifier|card number|card no|card num|card code|card pan|credit card|debit card|cc number|cc num|security code
  |verification code|backup code|backup codes|recovery code|recovery codes|recovery phrase|seed phrase|seed words
  |pass phrase|pass word|pass code|auth code|authorization code|login code|sms code|reset code|confirmation code
  |one time|invite code|access code|social security|social insurance|two factor|2 fa|cv 2|connection string|connection str|conn string|conn str
  |account number|account no|routing number|bank account|sort code|tax id|tax number|national id|national insurance
  |passport number|passport no|passport id|driver license|drivers license|driver licence|license number|of birth
  |birth date|date birth|insurance number|medical record|de passe|mat khau|mật khẩu|كلمة المرور|كلمة السر|mot passe|palabra clave|codice fiscale|steuer id
  |client certificate|auth header|magic link|reset link|client secret|shared secret|sas url|webhook url`
    .split("|")
    .map((pair) => fold(pair.trim())),
);

/** The same pairs without a boundary: `securitycode`. */
const GLUED_PAIRS: ReadonlySet<string> = new Set([...PAIRS].map((pair) => pair.replace(" ", "")));

/** Names of people and how to reach them: taken with `pii: "strict"` only. */
const PERSONAL = words(`
  email emails mail phone telephone mobile cell fax firstname lastname fullname surname givenname familyname middlename
  maidenname username address street streetaddress zip zipcode postcode postalcode city ip ipaddress clientip latitude
  longitude lat lng lon geolocation gender nationality ethnicity religion age recipient msisdn contact vorname nachname
`);
const PERSONAL_PAIRS = words(
  "first.name last.name full.name given.name family.name middle.name user.name display.name",
);

/** Longest name that is judged; the rest of a longer one is not looked at. */
const JUDGED_LENGTH = 256;
/** How many verdicts are remembered; names come from code, so there are few, unless somebody uses ids as names. */
const REMEMBERED = 2000;

/** Names that are never secret, and whether people's names and addresses count. */
export interface KeyJudgeOptions {
  readonly allow?: readonly (string | RegExp)[] | undefined;
  readonly isStrict?: boolean;
}

/**
 * Makes the judge of names.
 *
 * A name is taken apart into words (`userApiKey2`, `USER_API_KEY_2` and `user-api-key-2` are `user api key 2`) and
 * the words are judged, never pieces of words: `author`, `monkey` and `tokenizer` are innocent. Names written
 * without any boundary (`dbpassword`, `accesstoken`, `sshkey`) are told by how they end.
 *
 * A string in `keys` matches its words in a row (`tenant id` is in `x-tenant-id`), one in `allow` the whole name in
 * any spelling; a RegExp is tested against the whole name.
 */
export function createKeyJudge(
  keys: readonly (string | RegExp)[] = [],
  { allow = [], isStrict = false }: KeyJudgeOptions = {},
): KeyJudge {
  const phrases = keys.filter((key) => typeof key === "string").map(phraseOf);
  const expressions = keys.filter((key) => key instanceof RegExp).map(stateless);
  const isAllowed = createNameMatcher(allow);
  return remembering((key) => {
    if (isAllowed(key)) return "innocent";
    const parts = partsOf(key);
    const phrase = ` ${parts.join(" ")} `;
    if (phrases.some((extra) => extra !== "  " && phrase.includes(extra))) return "certain";
    if (expressions.some((expression) => expression.test(key))) return "certain";
    if (isStrict && isPersonal(parts)) return "certain";
    return judgeParts(parts);
  });
}

/** Answers whether a whole name is one of a list, in any spelling. */
export function createNameMatcher(names: readonly (string | RegExp)[]): (name: string) => boolean {
  if (names.length === 0) return () => false;
  const phrases = new Set(names.filter((name) => typeof name === "string").map(phraseOf));
  const expressions = names.filter((name) => name instanceof RegExp).map(stateless);
  return (name) => phrases.has(phraseOf(name)) || expressions.some((expression) => expression.test(name));
}

function phraseOf(name: string): string {
  return ` ${partsOf(name).join(" ")} `;
}

function stateless(expression: RegExp): RegExp {
  return new RegExp(expression.source, expression.flags.replace(/[gy]/g, ""));
}

/** Remembers answers; names come again and again. */
export function remembering<T>(answer: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>();
  return (text) => {
    const key = text.length > JUDGED_LENGTH ? text.slice(0, JUDGED_LENGTH) : text;
    let known = answers.get(key);
    if (known === undefined) {
      if (answers.size >= REMEMBERED) answers.clear();
      known = answer(key);
      answers.set(key, known);
    }
    return known;
  };
}

/** The words of a name, in lower case: at `_`, `-`, `.` and the like, where small meets capital, around digits. */
export function partsOf(name: string): string[] {
  return (fold(name).match(WORD) ?? []).map((word) => word.toLowerCase());
}

const WORD = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\x00-\x7f]+/g;

/** Without accents, which would split words and which not everybody types. */
function fold(name: string): string {
  if (!/[^\x00-\x7f]/.test(name)) return name;
  return name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .normalize("NFC")
    .replace(/ł/g, "l")
    .replace(/ı/g, "i");
}

function judgeParts(given: readonly string[]): Secrecy {
  const parts = given.length > 1 && /^\d+$/.test(given.at(-1)!) ? given.slice(0, -1) : given;
  const last = parts.at(-1) ?? "";
  const joined = parts.join("");
  const isDescribed = parts.length > 1 && (DESCRIBING.has(last) || DESCRIBED.has(last));
  if (CERTAIN.has(joined)) return "certain";
  if (!isDescribed) {
    // Odd capitals (`passWord`) split a word that nobody meant to split.
    if (/passw(?:or)?d|passphrase/.test(joined)) return "certain";
    if (parts.some(isCertain)) return "certain";
  }
  if (
    parts.some((part, i) => isPair(parts[i - 1], part)) &&
    !(isDescribed && last !== "url" && last !== "num")
  )
    return "certain";
  if (isDescribed || parts.some((part) => DESCRIBING.has(part))) return "innocent";
  if (parts.some((part) => LIKELY.has(part) || LIKELY_ENDING.test(part))) return "likely";
  return parts.some((part) => COUNTED.has(part)) ? "counted" : "innocent";
}

function isCertain(part: string): boolean {
  return CERTAIN.has(part) || GLUED_PAIRS.has(part) || CERTAIN_WITHIN.test(part) || isGlued(part);
}

function isPair(left: string | undefined, right: string): boolean {
  if (left === undefined) return false;
  if (right === "key" || right === "keys")
    return KEY_OWNERS.has(left) || LIKELY.has(left) || CERTAIN.has(left);
  return PAIRS.has(`${left} ${right}`);
}

/** `sshkey`, `masterkeys`, `dbpass`, `rootpw`: an owner and what it owns, without a boundary. */
function isGlued(part: string): boolean {
  const [, keyOwner, passOwner] = GLUED.exec(part) ?? [];
  if (keyOwner !== undefined) return KEY_OWNERS.has(keyOwner) || LIKELY.has(keyOwner);
  return passOwner !== undefined && PASS_OWNERS.has(passOwner);
}

const GLUED = /^(?:([a-z]{2,16})keys?|([a-z]{2,12})(?:pass|pw|passes))$/;

/** No word of English holds these. */
const CERTAIN_WITHIN =
  /passw(?:or)?[dt]|passphrase|credentials?$|apikey|api_?token|secretkey|privatekey|accesskey|(?:access|auth|refresh|bearer|csrf|xsrf|session|bot|reset|client|user|login|security)tokens?$|clientsecret|.(?:secret|pwd|sessionid|sessid|cardnumber|cvv)$/;
const LIKELY_ENDING = /.(?:token|cookie|auth)$/;

function isPersonal(parts: readonly string[]): boolean {
  const joined = parts.join("");
  return (
    PERSONAL.has(joined) ||
    PERSONAL.has(parts.at(-1) ?? "") ||
    parts.some((part, i) => i > 0 && PERSONAL_PAIRS.has(`${parts[i - 1]}.${part}`))
  );
}

function words(text: string): ReadonlySet<string> {
  return new Set(
    text
      .trim()
      .split(/\s+/)
      .map((word) => fold(word).toLowerCase()),
  );
}
