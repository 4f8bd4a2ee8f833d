import { isPlainState, tellsNothing } from "./pairs.js";
import type { Policy } from "./policy.js";

/**
 * Secrets in the statements of other languages: SQL with its values or parameters, command lines, multipart bodies, XML;
 * and in the sentences of validators and databases, which quote a name and its value apart from each other.
 */
export function scrubStatements(text: string, policy: Policy): string {
  let result = text;
  if (result.includes("</") || result.includes("/>") || result.includes("&lt;/"))
    result = elements(result, policy);
  if (result.includes("&lt;/"))
    result = result.replace(/&lt;([\w:.-]{1,64})&gt;((?:(?!&lt;).){1,500})/g, (whole, name: string) =>
      policy.judge(name) === "innocent" ? whole : `&lt;${name}&gt;${policy.take(`name: ${name}`)}`,
    );
  if (result.includes("chpasswd"))
    result = result.replace(
      /([\w.-]{1,64}:)[^\s'"|]{1,128}(?=["']?\s*\|\s*(?:sudo\s+)?chpasswd)/g,
      (_whole, user: string) => user + policy.take("command: chpasswd"),
    );
  if (result.includes("form-data")) result = multipart(result, policy);
  if (SQL.test(result)) result = sqlText(result, policy);
  if (result.includes(")=(") || result.includes("row contains (") || result.includes("key value is ("))
    result = databaseDetails(result, policy);
  if (result.includes(" -") || result.includes(" /") || VERBS.some((verb) => result.includes(verb)))
    result = commandText(result, policy);
  if (/["'`]/.test(result)) result = quotedNeighbours(result, policy);
  return /^(?:AUTH|PASS|HELLO|IDENTIFY) |\n(?:AUTH|PASS|HELLO) /.test(result)
    ? protocolLines(result, policy)
    : result;
}

/** `<password>x</password>` */
function elements(text: string, policy: Policy): string {
  return text.replace(
    /<([A-Za-z][\w:.-]{0,63})(?=[\s>])([^<>]{0,512})>(?:<!\[CDATA\[)?([^<]+)/g,
    (whole, name: string, attributes: string, value: string) =>
      !isSecretElement(name, attributes, policy) || value.trim() === "" || value.includes("[Filtered]")
        ? whole
        : `<${name}${attributes}>${policy.take(`name: ${name}`)}`,
  );
}

/** `<password>`, `<add name="password">` */
function isSecretElement(name: string, attributes: string, policy: Policy): boolean {
  const told = /\b(?:name|key|id)\s{0,2}=\s{0,2}["']([^"']{1,64})/i.exec(attributes)?.[1];
  return policy.judge(name) !== "innocent" || (told !== undefined && policy.judge(told) !== "innocent");
}

/** Parts of a form whose name is a secret's. */
function multipart(text: string, policy: Policy): string {
  return text.replace(
    /(form-data;[^\n]{0,200}?\bname=\\?"([^"\\\n]{1,64})\\?"[^\n]{0,200}?(?:\r?\n|\\r\\n)(?:[\w-]{1,40}:[^\n]{0,200}\r?\n){0,4}(?:\r?\n|\\r\\n))([\s\S]*?)(?=\r?\n--|\\r\\n--|$)/g,
    (whole, head: string, name: string, value: string) =>
      policy.judge(name) === "innocent" || value === "" ? whole : head + policy.take(`name: ${name}`),
  );
}

const SQL =
  /\b(?:insert\s+into|replace\s+into|select\s|update\s|delete\s+from|merge\s+into|alter\s+(?:user|role|login)|create\s+(?:user|role|login)|identified\s+by|set\s+password|exec(?:ute)?\s|call\s|_crypt|_encrypt)/i;

/** Whether a text is a statement. */
export function isSql(text: string): boolean {
  return SQL.test(text.slice(0, 400));
}

const STRING = `[NEBX]?'(?:[^'\\\\]|''|\\\\.){0,2000}'|"(?:[^"\\\\]|\\\\.){0,2000}"`;
const COLUMN = `([\\w$."\`[\\]]{1,128})`;

function sqlText(text: string, policy: Policy): string {
  let result = insertedValues(text, policy);
  // `password 'x'`, `identified by 'x'`, `crypt('x', …)`
  result = result.replace(
    new RegExp(
      `\\b((?:(?:password|passphrase)\\s|identified(?:\\s+with\\s+\\S{1,64})?\\s+(?:by|as)(?:\\s+password)?|(?:pgp_sym_|aes_|des_)(?:en|de)crypt\\s*\\((?:\\s*(?:'[^']{0,500}'|[\\w.]{1,64})\\s*,)?|crypt\\s*\\(|encryptbypassphrase\\s*\\(|password\\s*\\()\\s*)(${STRING})`,
      "gi",
    ),
    (_whole, head: string, value: string) => head + quotedLike(value, policy.take("statement: password")),
  );
  if (COMPARISON.test(result))
    result = result.replace(
      new RegExp(
        `${COLUMN}\\)?\\s{0,4}(?:<>|!=|<=|>=|(?<=\\))\\s{0,4}=|=(?=\\s{0,4}\\w{1,20}\\()|\\s(?:not\\s+)?(?:like|ilike|in|between|is)\\b)\\s{0,4}((?:\\w{1,20})?\\(?\\s{0,4}(?:${STRING}|\\d{3,})(?:\\s{0,4}(?:,|and)\\s{0,4}(?:${STRING}|\\d{3,})){0,50})`,
        "gi",
      ),
      (whole, column: string, values: string) =>
        policy.judge(column) === "innocent"
          ? whole
          : whole.slice(0, -values.length) +
            values.replace(new RegExp(`${STRING}|\\d{3,}`, "g"), (value) =>
              quotedLike(value, policy.take(`name: ${column}`)),
            ),
    );
  return loggedParameters(result, policy);
}

/** Comparisons other than `column = value`, which reads like any other assignment. */
const COMPARISON = /\b(?:like|ilike|in\s*\(|between)\b|\bin\s*\(|<>|!=|\)\s*=|=\s*\w{1,20}\(/i;

function quotedLike(value: string, placeholder: string): string {
  const mark = /^[A-Z]?(['"])/.exec(value)?.[1] ?? "'";
  return mark + placeholder + mark;
}

const INSERT =
  /\binto\s+[\w$."`[\]]{1,200}\s*(?:as\s+\w{1,64}\s*)?\(([^()]{1,4000})\)\s*(?:output\s[^()]{1,200})?values\s*(?=\()/gi;

/** `insert into users (email, password) values ('a', 'b')`: columns and values are paired. */
function insertedValues(text: string, policy: Policy): string {
  let result = "";
  let done = 0;
  INSERT.lastIndex = 0;
  for (let match = INSERT.exec(text); match !== null; match = INSERT.exec(text)) {
    const columns = match[1]!.split(",");
    const secret = columns.map((column) => policy.judge(column.trim()) !== "innocent");
    if (!secret.includes(true)) continue;
    let at = INSERT.lastIndex;
    while (text[at] === "(") {
      const row = splitRow(text, at + 1);
      for (const [i, [start, end]] of row.values.entries()) {
        const value = text.slice(start, end);
        if ((secret[i] ?? true) === false || start < done || !/^[NEBX]?['"]|^-?\d|^0x/i.test(value)) continue;
        result +=
          text.slice(done, start) + quotedLike(value, policy.take(`name: ${(columns[i] ?? "?").trim()}`));
        done = end;
      }
      at = row.end;
      const gap = /^\s*,\s*(?=\()/.exec(text.slice(at, at + 16));
      if (gap === null) break;
      at += gap[0].length;
    }
    INSERT.lastIndex = at;
  }
  return done === 0 ? text : result + text.slice(done);
}

/** The values of a row, from behind its `(`, and where it ends. */
function splitRow(text: string, from: number): { values: [number, number][]; end: number } {
  const values: [number, number][] = [];
  let depth = 0;
  let start = from;
  const close = (end: number): void => {
    while (start < end && /\s/.test(text[start]!)) start++;
    let last = end;
    while (last > start && /\s/.test(text[last - 1]!)) last--;
    values.push([start, last]);
  };
  for (let i = from; i < text.length; i++) {
    const sign = text[i];
    if (sign === "'" || sign === '"') {
      do {
        i++;
        if (text[i] === "\\") i += 2;
      } while (i < text.length && text[i] !== sign);
    } else if (sign === "(") depth++;
    else if ((sign === "," || sign === ")") && depth === 0) {
      close(i);
      start = i + 1;
      if (sign === ")") return { values, end: i + 1 };
    } else if (sign === ")") depth--;
  }
  close(text.length);
  return { values, end: text.length };
}

/** `params: a,b` behind a statement: paired with its columns; where that cannot be, all go that a secret may be. */
function loggedParameters(text: string, policy: Policy): string {
  const match =
    /(?:\n|\s|--\s{0,4}|[[(]\s{0,4})(?:params|parameters|bindings|binds?|args|arguments|values)\s{0,4}[:=]\s{0,4}(?!\s*\()/i.exec(
      text,
    );
  if (match === null) return text;
  const start = match.index + match[0].length;
  const line = /^[^\n]*/.exec(text.slice(start))![0];
  const columns = parameterColumns(text.slice(0, match.index));
  if (!mentionsSecret(text.slice(0, match.index), policy)) return text;
  const open = /^[[({]/.exec(line)?.[0] ?? "";
  const body = open === "" ? line : line.slice(1, Math.max(line.search(/[\])}]\s*$/), 1) || line.length);
  const parts = splitList(body);
  const isPaired = parts.length === columns.length;
  const told = parts.map((part, i) => {
    const column = columns[i];
    const isSecret = isPaired && column !== undefined ? policy.judge(column) !== "innocent" : true;
    return isSecret && !tellsNothing(part.trim())
      ? part.replace(
          /\S[\s\S]*\S|\S/,
          quotedPart(part, policy.take(`name: ${column ?? "unpaired parameter"}`)),
        )
      : part;
  });
  return (
    text.slice(0, start) +
    open +
    told.join(",") +
    line.slice(open.length + body.length) +
    text.slice(start + line.length)
  );
}

function quotedPart(part: string, placeholder: string): string {
  const mark = /^\s*(["'])/.exec(part)?.[1] ?? "";
  return mark + placeholder + mark;
}

function splitList(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']+|["'])+|(?<=,)(?=,|$)/g) ?? [];
}

/** Whether a statement has a column with a secret's name. */
export function mentionsSecret(sql: string, policy: Policy): boolean {
  for (const [name] of sql.matchAll(/[A-Za-z_][\w$]{2,64}/g))
    if (policy.judge(name) !== "innocent" && !/^(?:identified|password)$/.test(name)) return true;
  return /\bpassword\b|identified\s+by/i.test(sql);
}

const PLACEHOLDERS = /\?(?!\?)|\$\d{1,3}|:\w{1,64}|@\w{1,64}|%s/g;
const COLUMN_BEFORE =
  /([\w$."`[\]]{1,64})\s*(?:=|<>|!=|<=|>=|<|>|\slike|\silike|\sin\s*\([^()]{0,200}|\sbetween|,)\s*(?:\w{1,32}\()?$/i;

/** The column of each parameter of a statement, in the order of the parameters; `undefined` where none is known. */
export function parameterColumns(sql: string): (string | undefined)[] {
  const columns: (string | undefined)[] = [];
  const insert = /\binto\s+[\w$."`[\]]{1,200}\s*\(([^()]{1,4000})\)/i.exec(sql);
  const inserted = insert?.[1]?.split(",").map((name) => name.trim());
  const from = insert === null ? Number.POSITIVE_INFINITY : insert.index + insert[0].length;
  const rows = insert === null ? "" : sql.slice(from);
  const row = /^[\s\S]*?\bvalues\s*\(/i.exec(rows);
  let nextInRow = 0;
  let position = row === null ? Number.POSITIVE_INFINITY : from + row[0].length;
  let rowValues: [number, number][] | undefined;
  let rowEnd = 0;
  if (row !== null) ({ values: rowValues, end: rowEnd } = splitRow(sql, position));
  PLACEHOLDERS.lastIndex = 0;
  for (let match = PLACEHOLDERS.exec(sql); match !== null; match = PLACEHOLDERS.exec(sql)) {
    const { index } = match;
    const number = match[0].startsWith("$") ? Number(match[0].slice(1)) - 1 : columns.length;
    let column: string | undefined;
    while (rowValues !== undefined && index >= rowEnd) {
      const gap = /^\s*,\s*\(/.exec(sql.slice(rowEnd, rowEnd + 16));
      if (gap === null) break;
      position = rowEnd + gap[0].length;
      ({ values: rowValues, end: rowEnd } = splitRow(sql, position));
    }
    if (rowValues !== undefined && index >= position && index < rowEnd) {
      nextInRow = rowValues.findIndex(([start, end]) => index >= start && index < Math.max(end, start + 1));
      column = inserted?.[nextInRow];
    } else
      column =
        COLUMN_BEFORE.exec(sql.slice(Math.max(index - 300, 0), index))?.[1] ??
        /\b(limit|offset|top)\s*\(?$/i.exec(sql.slice(Math.max(index - 12, 0), index))?.[1];
    if (number >= 0 && number < 500) columns[number] ??= column?.replace(/^.*\./, "").replace(/["`[\]]/g, "");
  }
  return Array.from(columns);
}

/** `Key (reset_token)=(x) already exists`; `Failing row contains (1, x, …)`, where no value has a name. */
function databaseDetails(text: string, policy: Policy): string {
  return text
    .replace(
      /\(([\w", .()]{1,200})\)=\(([^\n]{0,2000}?)\)(?=\s|$|[.,;"'])/g,
      (whole, columns: string, values: string) => {
        const names = columns.split(",").map((name) => name.replace(/["\s]|^\w+\(|\(|\)|::\w+/g, ""));
        if (!names.some((name) => policy.judge(name) !== "innocent")) return whole;
        const parts = values.split(", ");
        const told = parts.map((part, i) =>
          parts.length === names.length && policy.judge(names[i]!) === "innocent"
            ? part
            : policy.take(`name: ${names[i] ?? "?"}`),
        );
        return `(${columns})=(${told.join(", ")})`;
      },
    )
    .replace(
      /(key value is \()([^\n]*?)(\)\.?)(?=\s|$)/g,
      (whole, head: string, _values: string, tail: string) =>
        /constraint ['"]([^'"]{1,128})/i.test(text) &&
        policy.judge(/constraint ['"]([^'"]{1,128})/i.exec(text)![1]!) !== "innocent"
          ? head + policy.take("statement: key") + tail
          : whole,
    )
    .replace(
      /(row contains \()([^\n]*?)(\)\.?)(?=\n|$|["'])/g,
      (_whole, head: string, _values: string, tail: string) => head + policy.take("statement: row") + tail,
    );
}

/** Nouns in front of a name, and words in front of a value. */
const NOUN =
  /(?:at|for|path|column|key|field|property|param|parameter|argument|attribute|header|option|variable|constraint|index|setting|member|input)s?:?\s*[[(]?$/i;
const VALUE_WORD =
  /(?:values?|entry|input|got|received|given|provided|equals|actual|instead of|\(|=)[:\s]*\(?$/i;
const QUOTED = /(["'`])((?:(?!\1)[^\n\\]){1,200}|(?:(?!\1)[^\n]){1,200})\1|“([^”\n]{1,200})”/g;

/** A text in quotes, with some of what stands around it. */
interface Quote {
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
  readonly content: string;
}

function isValue({ before, after, content }: Quote): boolean {
  if (tellsNothing(content) || isPlainState(content)) return false;
  return (
    VALUE_WORD.test(before) ||
    /^(?:\s*\()?\s*is (?:not|an? (?:in|un))/.test(after) ||
    (/\w:\s$/.test(before) && !/\s/.test(content))
  );
}

/** A name in quotes and, in the same sentence, its value: ``Path `password` (`x`)``, `Duplicate entry 'x' for key 'token'`. */
function quotedNeighbours(text: string, policy: Policy): string {
  let result = "";
  let done = 0;
  let previous: Quote | undefined;
  let named: { end: number; name: string } | undefined;
  const takeOut = (span: { start: number; end: number }, name: string): void => {
    if (span.start < done) return;
    result += text.slice(done, span.start) + policy.take(`name: ${name}`);
    done = span.end;
  };
  QUOTED.lastIndex = 0;
  for (let match = QUOTED.exec(text); match !== null; match = QUOTED.exec(text)) {
    const content = match[2] ?? match[3]!;
    const start = match.index + 1;
    const end = start + content.length;
    const before = text.slice(Math.max(match.index - 24, 0), match.index);
    const after = text.slice(end + 1, end + 25);
    // An apostrophe is no quote: the search goes on behind it.
    if (match[1] === "'" && /\w$/.test(before) && !/[NEBX]$/.test(before)) {
      QUOTED.lastIndex = match.index + 1;
      continue;
    }
    const quote: Quote = { start, end, before, after, content };
    const isName =
      !/^\s*[:=]|^\s*=>/.test(after) &&
      /^[\w$.[\]-]{2,64}$/.test(content) &&
      policy.judge(content) !== "innocent";
    if (isName && (NOUN.test(before) || /^\s*\(|^ with value/.test(after) || /^\s*$|[("]\s*$/.test(before))) {
      if (previous !== undefined && start - previous.end < 120 && NOUN.test(before) && isValue(previous))
        takeOut(previous, content);
      named = { end, name: content };
      // ``Path `pin` (48213)``
      const beside = /^["'`] \(([^\s()"'`]{0,100}\d[^\s()"'`]{0,100})\)/.exec(
        text.slice(end, end + 210),
      )?.[1];
      if (beside !== undefined) takeOut({ start: end + 3, end: end + 3 + beside.length }, content);
    } else if (
      named !== undefined &&
      start - named.end < 120 &&
      isValue(quote) &&
      /^[^.\n]*$/.test(text.slice(named.end + 1, match.index))
    ) {
      takeOut({ start, end }, named.name);
      named = undefined;
    } else if (
      /[\d!@#$%^&*]|[a-z][A-Z]/.test(content) &&
      !/[\s/]/.test(content) &&
      !tellsNothing(content) &&
      !isPlainState(content)
    ) {
      const word = /(?<![\w.-])(\w[\w.-]{1,40})\s*$/.exec(before)?.[1];
      if (word !== undefined && isSecretWord(word, before, policy)) takeOut({ start, end }, word);
    }
    previous = quote;
    QUOTED.lastIndex = end + 1;
  }
  return done === 0 ? text : result + text.slice(done);
}

/** `password "x"`, `API key 'x'`: no noun between. */
function isSecretWord(word: string, before: string, policy: Policy): boolean {
  if (/^(?:unexpected|cookie|authentication)$/i.test(word) || /unexpected\s+\w+\s*$/i.test(before))
    return false;
  if (policy.judge(word) !== "innocent") return true;
  const two = /(\w+[ -]\w+)\s*$/.exec(before)?.[1];
  return (
    two !== undefined && policy.judge(two) !== "innocent" && /(?:key|code|phrase|number|string)$/i.test(two)
  );
}

/** `AUTH x`, `PASS x`: lines of protocols. */
function protocolLines(text: string, policy: Policy): string {
  return text.replace(
    /^((?:AUTH|PASS|IDENTIFY)(?: (?:PLAIN|LOGIN|XOAUTH2|default|\w{1,20}(?= \S)))? )(\S+)$/gm,
    (whole, head: string, value: string) =>
      isPlainState(value) || /^(?:PLAIN|LOGIN|CRAM-MD5|XOAUTH2|TLS|SSL)$/.test(value)
        ? whole
        : head + policy.take("command: AUTH"),
  );
}

/** The options of commands that take a secret: `-p x` or, glued, `-px`. */
const COMMANDS: readonly (readonly [tools: RegExp, apart: RegExp, glued?: RegExp])[] = [
  [
    /^(?:mysql\w*|mariadb[\w-]*|mycli|percona[\w-]*|xtrabackup|mydumper|7za?|7zz|rar|unrar)$/,
    /^$/,
    /^-p(?=.)/,
  ],
  [/^(?:sshpass)$/, /^-p$/, /^-p(?=.)/],
  [/^(?:redis-cli|valkey-cli|keydb-cli)$/, /^-a$/],
  [
    /^(?:mongo\w*|cqlsh|influx|rabbitmqadmin|useradd|usermod|psexec\w*|clickhouse|arangosh|ipmitool|mosquitto_(?:pub|sub)|docker-login)$/,
    /^-(?:p|P)$/,
  ],
  [
    /^(?:sqlcmd|bcp|osql|isql|unzip|zip|ipmitool|mosquitto_pub|mosquitto_sub|ipmiutil)$/,
    /^-P$/,
    /^-P(?=.{3})/,
  ],
  [/^ldap\w*$/, /^-w$/, /^-w(?=.)/],
  [/^snmp\w*$/, /^-[cAX]$/],
  [/^ssh-keygen$/, /^-[NP]$/],
  [/^openssl$/, /^-(?:pass\w*|k|K|iv|password)$/],
  [/^(?:nc|ncat|socat|vncviewer)$/, /^--proxy-auth$/],
  [/^(?:curl|http|https|xh|wget|httpie)$/, /^-(?:u|U|a)$|^--(?:user|proxy-user|auth)$/, /^-u(?=\S+:)/],
  [/^(?:smbclient|rpcclient|net|lftp|ncftp\w*|svn)$/, /^-[Uu]$/],
  [/^(?:xfreerdp|cmdkey|net|schtasks|wmic|rdesktop|mstsc)$/, /^-p$/, /^\/(?:p|pass|password|rp):(?=.)/i],
];

const TOOL = /(?:^|[\s/\\;&|"'`(=:])([A-Za-z][\w-]{1,24}|7za?|7zz)(?:\.exe)?\s+(?=["']?[-/\w])/g;

/** Commands whose secret is no option's. */
const VERBS = [
  "vault login ",
  "rabbitmqctl ",
  "aws configure ",
  "npm config ",
  "mysqladmin ",
  "net user ",
  "redis-cli ",
];

/** The arguments of a command that are secrets, by index, each with how much of its beginning stays. */
export function secretArguments(argv: readonly string[], policy: Policy): Map<number, string> {
  const found = new Map<number, string>();
  const tool = (argv[0] ?? "")
    .replace(/^.*[\\/]/, "")
    .replace(/\.exe$/i, "")
    .toLowerCase();
  const logsIn =
    /^(?:docker|podman|buildah|nerdctl|helm|oras|crane|az|skopeo)$/.test(tool) && argv.includes("login");
  const flags = COMMANDS.filter(([tools]) => tools.test(logsIn ? "docker-login" : tool));
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    const next = argv[i + 1];
    const long = /^(?:--?|\/)([A-Za-z][\w.-]{2,63})$/.exec(argument)?.[1];
    const isNamed =
      long !== undefined && policy.judge(long) !== "innocent" && !/stdin|file$|prompt/i.test(long);
    if (next !== undefined && (isNamed || flags.some(([, apart]) => apart.test(argument)))) {
      if (/^-[A-Za-z-]/.test(next) || tellsNothing(next)) continue;
      found.set(++i, /^(?:pass|env|file):/.exec(next)?.[0] ?? "");
      continue;
    }
    const glued = flags
      .map(([, , expression]) => expression?.exec(argument)?.[0])
      .find((head) => head !== undefined);
    if (glued !== undefined) found.set(i, glued);
    else if (/^pass:./.test(argument)) found.set(i, "pass:");
  }
  const verb = argv.slice(1).join(" ");
  for (const [tools, expression] of POSITIONAL) {
    const match = tools.test(tool) ? expression.exec(verb) : null;
    if (match !== null && !match[1]!.startsWith("-")) {
      const index = argv.lastIndexOf(match[1]!);
      if (index > 0) found.set(index, "");
    }
  }
  return found;
}

/** Commands whose secret stands at a place of its own. */
const POSITIONAL: readonly (readonly [RegExp, RegExp])[] = [
  [/^rabbitmqctl$/, /^(?:add_user|change_password|authenticate_user) \S+ (\S+)/],
  [/^vault$/, /^login (\S+)$/],
  [/^mysqladmin$/, /\bpassword (\S+)/],
  [/^htpasswd$/, /^-\w*b\w* (?:\S+ )?\S+ (\S+)$/],
  [/^aws$/, /^configure set \S*(?:secret|token|key)\S* (\S+)/],
  [/^npm$/, /^config set \S*(?:_auth|_password|token)\S* (\S+)/],
  [/^net$/, /^user \S+ (\S+)/],
  [/^(?:redis-cli|valkey-cli)$/, /\bAUTH (?:\S+ )?(\S+)$/i],
];

/** Command lines within a text: each goes to the end of its line. */
function commandText(text: string, policy: Policy): string {
  let result = "";
  let done = 0;
  const takeOut = (start: number, end: number, rule: string): void => {
    if (start < done || text.slice(start, end).includes("[Filtered]")) return;
    const taken = policy.take(rule);
    result +=
      text.slice(done, start) +
      (/^\S+:/.test(text.slice(start, end)) && rule.endsWith("curl") ? `${taken}:${taken}` : taken);
    done = end;
  };
  TOOL.lastIndex = 0;
  for (let match = TOOL.exec(text); match !== null; match = TOOL.exec(text)) {
    const tool = match[1]!;
    if (
      !/^(?:docker|podman|buildah|nerdctl|helm|oras|crane|az|skopeo)$/.test(tool) &&
      !COMMANDS.some(([tools]) => tools.test(tool)) &&
      !POSITIONAL.some(([tools]) => tools.test(tool))
    )
      continue;
    const from = match.index + match[0].indexOf(tool);
    const line = /^[^\n]{0,4000}/.exec(text.slice(from))![0];
    const words = [
      ...line.matchAll(
        /"(?:[^"\\\n]|\\.){0,500}"|'[^'\n]{0,500}'|[^\s"']+(?:"[^"\n]{0,500}"|'[^'\n]{0,500}')?/g,
      ),
    ];
    const argv = words.map(([word]) => word.replace(/^["']|["']$/g, ""));
    for (const [i, kept] of [...secretArguments(argv, policy)].sort(([left], [right]) => left - right)) {
      const quote = /^["']/.test(words[i]![0]) ? 1 : 0;
      const start = from + words[i]!.index + quote;
      takeOut(start + kept.length, from + words[i]!.index + words[i]![0].length - quote, `command: ${tool}`);
    }
    TOOL.lastIndex = from + line.length;
  }
  result = done === 0 ? text : result + text.slice(done);
  return result.replace(
    /(?<=\s)(--?)([A-Za-z][\w.-]{2,63})( {1,4})(?!-[A-Za-z])("[^"\n]{1,500}"|'[^'\n]{1,500}'|[^\s"']+)/g,
    (whole, dashes: string, name: string, space: string, value: string) =>
      policy.judge(name) === "innocent" ||
      /stdin|file$/.test(name) ||
      value.includes("[Filtered]") ||
      (dashes === "-" && !/[\d\W]/.test(value))
        ? whole
        : `${dashes}${name}${space}${policy.take(`name: ${name}`)}`,
  );
}
