import type { Json } from "../../model/event.js";
import { isCardNumber } from "./cards.js";
import { CLIENT_ADDRESS, HEADERS, isIdentifying, isIdentifyingHeader } from "./headers.js";
import { remembering, type Secrecy } from "./keys.js";
import { isPlainState, tellsNothing } from "./pairs.js";
import { PLACEHOLDER, type Policy } from "./policy.js";
import { looksLikeValue } from "./shapes.js";
import { isSql, mentionsSecret, parameterColumns, secretArguments } from "./statements.js";

/** Deeper than anything that was normalised; what lies below is taken out unseen. */
const MAX_DEPTH = 64;

/** What a scrubber of values asks of its texts. */
export interface TextScrubber {
  text(text: string): string;
  /** A text that is a name: only what is a secret by its shape goes. */
  place(text: string): string;
}

/** Scrubs values by their structure: which of the parts of a value names another. */
export interface ValueScrubber {
  value(given: Json, key?: string, place?: string): Json;
  record<T extends Readonly<Record<string, Json>>>(given: T, place: string): T;
  header(value: string, name: string): string;
}

/** What the field of a record may be to the others, as its name says. */
const ROLES = {
  name: /^(?:(?:field|param|parameter|attribute|attr|property|prop|column|header|option|variable|var|form|input|query|cookie|setting|item|data|instance|full)?[_-]?(?:name|key|path|label)|field|param|parameter|attribute|property|header|column|option|variable|k|setting|question)$/i,
  value:
    /^(?:(?:field|param|parameter|attribute|attr|property|prop|column|header|option|variable|var|form|input|cookie|setting|item|original|new|old|default|rejected|current|received|actual|invalid|string)?[_-]?value|value[_-]?received|values|data|val|v|actual|received|input|content|default|current|original|got|text|raw|contents|answer|lhs|rhs|before|after|old|new)$/i,
  sql: /^(?:sql|query|text|statement|query_?text|sql_?query|sqlMessage|db\.(?:statement|query\.text)|compiledQuery)$/i,
  parameters:
    /^(?:parameters|params|values|bindings?|binds?|args|arguments|replacements|query_?params|query_?values)$/i,
  tool: /^(?:spawnfile|command|cmd|file|path|name|tool|program|bin|executable)$/,
  arguments: /^(?:spawnargs|args|argv|arguments)$/,
} as const;
type Role = keyof typeof ROLES;
const rolesOf = remembering((name): readonly Role[] =>
  (Object.keys(ROLES) as Role[]).filter((role) => ROLES[role].test(name)),
);
const is = (role: Role, name: string): boolean => rolesOf(name).includes(role);

/** Lists of names, not of names and values. */
const NAME_LISTS =
  /(?:path|paths|fields?|columns?|required|names|keys|properties|props|select|attributes|include|exclude|omit|pick|omitted|allowed|scopes?|tags|labels|order|group|by)$/i;
/** Lists in which names and values take turns. */
const TURNS = /headers|args|argv|arguments|params|pairs|command|entries|flat|data|values$/i;
const IDENTIFIER = /^[A-Za-z][\w.:-]{0,63}$/;
/** Fields of a token, session or cookie that hold what identifies it. */
const INNER_SECRETS = /^(?:id|value|data|raw|key|content|v|k|code|text|hash|current|0|1)$/;

export function createValueScrubber(policy: Policy, { text, place: scrubName }: TextScrubber): ValueScrubber {
  const { judge, take } = policy;

  const value = (
    given: Json,
    key?: string,
    place?: string,
    depth = 0,
    within: Secrecy = "innocent",
  ): Json => {
    if (policy.hasPlaces) policy.moveTo(place);
    if (key !== undefined) {
      if (isExcepted(key, place))
        return isContainer(given) ? parts(given, key, place, depth, "innocent") : given;
      let secrecy = judge(key);
      if (
        secrecy === "innocent" &&
        within !== "innocent" &&
        (INNER_SECRETS.test(key) || (typeof given === "string" && looksLikeValue(given)))
      )
        secrecy = within;
      if (secrecy !== "innocent") {
        const opens = isRecord(given) && secrecy !== "certain";
        if (!opens && isHidden(given, secrecy)) return take(`name: ${key}`);
        if (opens) return parts(given, key, place, depth, secrecy);
      }
      if (
        !policy.identities &&
        typeof given === "string" &&
        given !== "" &&
        (isIdentifyingHeader(key) || CLIENT_ADDRESS.test(key))
      )
        return take(`identity: ${key}`);
    }
    if (typeof given === "string") return isSecretDump(given) ? take("shape: bytes") : text(given);
    if (typeof given === "number") return isCardNumber(given) ? take("shape: card") : given;
    return isContainer(given) ? parts(given, key, place, depth, within) : given;
  };

  const isExcepted = (key: string, place: string | undefined): boolean =>
    policy.isAllowed(key) || (place !== undefined && policy.isAllowedPlace(place));

  const below = (place: string | undefined, key: string): string | undefined =>
    policy.hasPlaces ? (place === undefined || place === "" ? key : `${place}.${key}`) : undefined;

  const parts = (
    given: Json,
    key: string | undefined,
    place: string | undefined,
    depth: number,
    within: Secrecy,
  ): Json => {
    if (depth >= MAX_DEPTH) return take("depth");
    return Array.isArray(given)
      ? list(given, key, place, depth + 1)
      : fields(given as Readonly<Record<string, Json>>, key, place, depth + 1, within);
  };

  const fields = (
    given: Readonly<Record<string, Json>>,
    key: string | undefined,
    place: string | undefined,
    depth: number,
    within: Secrecy,
  ): Json => {
    if (key !== undefined && HEADERS.test(key))
      return mapRecord(given, (entry, name) => headerValue(entry, name, below(place, name), depth));
    if (!policy.identities && key !== undefined && /^(?:signed)?cookies$/i.test(key))
      return mapRecord(given, (entry, name) =>
        typeof entry === "string" ? cookie(entry, name) : value(entry, name, below(place, name), depth),
      );
    const known = relations(given, within);
    if (known === "bytes") return take("shape: bytes");
    return mapRecord(
      given,
      (entry, name) => {
        const at = below(place, name);
        if (policy.hasPlaces) policy.moveTo(at);
        const taken = known?.(name, entry);
        if (taken !== undefined && !isExcepted(name, at)) return taken;
        if (name === "remoteAddress" && /^req(?:uest)?$/.test(key ?? "") && !policy.identities)
          return take("identity: address");
        return value(entry, name, at, depth, within);
      },
      scrubName,
    );
  };

  /** What the fields of a record say of each other: a function that answers for one of them what stands in its place. */
  const relations = (
    given: Readonly<Record<string, Json>>,
    within: Secrecy,
  ): "bytes" | ((name: string, entry: Json) => Json | undefined) | undefined => {
    let named: Secrecy = "innocent";
    let sql: string | undefined;
    let tool: string | undefined;
    let hasParser = false;
    for (const name of Object.keys(given)) {
      const entry = given[name]!;
      const isText = typeof entry === "string";
      if (
        (is("name", name) || (name === "id" && isText && /^[a-z_-]+$/i.test(entry))) &&
        named === "innocent"
      )
        named = secrecyOfPath(entry);
      if (name === "type" && entry === "password") named = "certain";
      if (isText && is("sql", name) && isSql(entry)) sql = entry;
      if (isText && is("tool", name)) tool ??= entry;
      if (name === "type" && isText && (/^entity\./.test(entry) || entry === "SyntaxError")) hasParser = true;
      if (name === "type" && entry === "Buffer" && isSecretBytes(given["data"])) return "bytes";
    }
    if (named === "innocent" && sql === undefined && tool === undefined && !hasParser) return undefined;
    const isNamed = named !== "innocent" && within === "innocent";
    return (name, entry) => {
      if (isNamed && is("value", name) && !(named !== "certain" && isRecord(entry)) && isHidden(entry, named))
        return take("pair: the name stands beside");
      if (sql !== undefined && is("parameters", name) && Array.isArray(entry)) return parameters(sql, entry);
      if (tool !== undefined && is("arguments", name) && Array.isArray(entry))
        return commandArguments(tool, entry);
      if (
        hasParser &&
        !policy.bodies &&
        (name === "body" || name === "rawBody") &&
        typeof entry === "string" &&
        entry !== ""
      )
        return take("body: of a parser");
      return undefined;
    };
  };

  const secrecyOfPath = (given: Json): Secrecy => {
    const last = Array.isArray(given)
      ? [...given].reverse().find((part) => typeof part === "string" && !/^\d+$/.test(part))
      : given;
    // A path that lay too deep to be copied: nobody knows which field it names.
    if (typeof given === "string" && /^\[Array\(\d+\)\]$/.test(given)) return "certain";
    if (typeof last !== "string" || last.length > 128 || /\s{2}|[:=?]/.test(last)) return "innocent";
    return judge(last.replace(/^.*[/.](?=[A-Za-z])/, ""));
  };

  const isSecretBytes = (data: Json | undefined): boolean => {
    if (!Array.isArray(data) || data.length < 4 || data.some((byte) => typeof byte !== "number"))
      return false;
    const told = String.fromCharCode(...(data as number[]).slice(0, 4096));
    return /^[\t\r\n\x20-\x7e]*$/.test(told) && text(told) !== told;
  };

  /** `[Buffer(20 bytes) 7061…]`, as bytes are shown: judged as the text they are. */
  const isSecretDump = (given: string): boolean => {
    const hex = given.startsWith("[")
      ? /^\[\w{1,20}\(\d+ bytes?\) ([0-9a-f]{8,})…?\]$/.exec(given)?.[1]
      : undefined;
    if (hex === undefined) return false;
    return isSecretBytes(hex.match(/../g)!.map((byte) => Number.parseInt(byte, 16)));
  };

  const parameters = (sql: string, given: readonly Json[]): Json => {
    const columns = parameterColumns(sql);
    const isPaired = columns.length === given.length;
    const mentions = mentionsSecret(sql, policy);
    return mapList(given, (entry, i) => {
      const column = columns[i];
      const isSecret = isPaired && column !== undefined ? judge(column) !== "innocent" : mentions;
      if (isSecret && !(entry === null || typeof entry === "boolean" || entry === ""))
        return take(`statement: ${column ?? "unpaired parameter"}`);
      return typeof entry === "string" ? text(entry) : value(entry);
    });
  };

  const commandArguments = (tool: string, given: readonly Json[]): Json => {
    const all = given.map((argument) => (typeof argument === "string" ? argument : ""));
    if (/^auth$/i.test(tool))
      return given.map((argument) => (typeof argument === "string" ? take("command: AUTH") : argument));
    const hasTool = all[0]?.replace(/^.*[\\/]/, "") === tool.replace(/^.*[\\/]/, "");
    const found = secretArguments(hasTool ? all : [tool, ...all], policy);
    return mapList(list(given, "args", undefined, 1), (argument, i) => {
      const kept = found.get(hasTool ? i : i + 1);
      return kept === undefined || typeof argument !== "string" || argument.includes(PLACEHOLDER)
        ? argument
        : kept + take(`command: ${tool}`);
    });
  };

  /** A list may hold pairs, names and values by turns, a command line, or a statement and its parameters. */
  const list = (
    given: readonly Json[],
    key: string | undefined,
    place: string | undefined,
    depth: number,
  ): readonly Json[] => {
    const isEntries =
      given.length > 0 &&
      given.every((item) => Array.isArray(item) && item.length === 2 && typeof item[0] === "string");
    const isHeaders = key !== undefined && HEADERS.test(key);
    if (isEntries)
      return mapList<Json>(given, (item) => {
        const [name, entry] = item as readonly [string, Json];
        const at = below(place, name);
        const after = isHeaders ? headerValue(entry, name, at, depth) : value(entry, name, at, depth);
        const shown = text(name);
        return after === entry && shown === name ? item : [shown, after];
      });
    if (isHeaders && given.length % 2 === 0 && given.every((item) => typeof item === "string")) {
      const names = given as readonly string[];
      return mapList<Json>(given, (item, i) => {
        const name = names[i - 1];
        return i % 2 === 0 || name === undefined ? item : headerValue(item, name, below(place, name), depth);
      });
    }
    const authAt = given.findIndex((item) => item === "AUTH" || item === "auth");
    if (authAt >= 0 && authAt < 3 && authAt < given.length - 1 && given.length < 8)
      return mapList(given, (item, i) =>
        i > authAt && typeof item === "string" ? take("command: AUTH") : item,
      );
    const [first, second] = given;
    if (typeof first === "string" && isSql(first) && Array.isArray(second))
      return mapList(given, (item, i) =>
        i === 1 ? parameters(first, second) : value(item, undefined, place, depth),
      );
    const argv =
      typeof first === "string" && given.length > 1
        ? secretArguments(
            given.map((item) => (typeof item === "string" ? item : "")),
            policy,
          )
        : undefined;
    return mapList(given, (item, i) => {
      const kept = argv?.get(i);
      if (kept !== undefined && typeof item === "string") return kept + take("command: argument");
      const before = given[i - 1];
      if (
        typeof before === "string" &&
        (typeof item === "string" || typeof item === "number") &&
        isTurn(given, i, key)
      )
        return value(item, before.replace(/^--?/, ""), below(place, before), depth);
      return value(item, undefined, policy.hasPlaces ? below(place, String(i)) : undefined, depth);
    });
  };

  /** Whether the item before names this one. */
  const isTurn = (given: readonly Json[], i: number, key: string | undefined): boolean => {
    const name = given[i - 1] as string;
    if (name.length > 64 || !(IDENTIFIER.test(name) || /^--?[A-Za-z][\w-]{0,63}$/.test(name))) return false;
    if (name.startsWith("-")) return !/^-/.test(String(given[i]));
    if (judge(name) === "innocent" || NAME_LISTS.test(key ?? "")) return false;
    const next = String(given[i]);
    if (/[^A-Za-z_-]|[a-z][A-Z]/.test(next) && !/^[a-z]+(?:[.:_-][a-z]+)*$/i.test(next)) return true;
    return (
      given.length % 2 === 0 &&
      i % 2 === 1 &&
      (TURNS.test(key ?? "") ||
        (given.length >= 4 && given.some((item, at) => at % 2 === 1 && !IDENTIFIER.test(String(item)))))
    );
  };

  const headerValue = (given: Json, name: string, place: string | undefined, depth: number): Json => {
    if (isExcepted(name, place)) return given;
    if (typeof given === "string") return headerText(given, name);
    if (Array.isArray(given)) return mapList(given, (item) => headerValue(item, name, place, depth));
    return value(given, name, place, depth);
  };

  const headerText = (given: string, name: string): string => {
    if (/^(?:set-)?cookie2?$/i.test(name)) return cookies(given, /^set/i.test(name));
    if (!policy.identities && given !== "" && isIdentifying(name)) return take(`identity: ${name}`);
    return String(value(given, name));
  };

  /** A `Cookie` or `Set-Cookie` header, cookie by cookie: its names stay, and its values where the client's may leave. */
  const cookies = (header: string, isSet: boolean): string => {
    const pairs = header.split(";");
    if (!pairs[0]!.includes("=")) return header === "" ? header : take("cookie");
    return pairs
      .map((pair, i) => {
        const at = pair.indexOf("=");
        if (at < 0)
          return /^\s*(?:secure|httponly|partitioned)?\s*$/i.test(pair) ? pair : ` ${take("cookie")}`;
        const name = pair.slice(0, at);
        const told = pair.slice(at + 1);
        if (isSet && i > 0 && /^\s*(?:path|domain|max-age|expires|samesite|priority)\s*$/i.test(name))
          return pair;
        return `${name}=${cookie(told, name.trim())}`;
      })
      .join(";");
  };

  const cookie = (given: string, name: string): string => {
    if (given === "" || policy.isAllowed(name)) return given;
    return !policy.identities || judge(name) !== "innocent" ? take(`cookie: ${name}`) : text(given);
  };

  return {
    value: (given, key, place) => value(given, key, place),
    record: (given, place) => fields(given, undefined, place, 1, "innocent") as typeof given,
    header: (given, name) =>
      policy.isAllowed(name) || policy.isAllowedPlace(`request.headers.${name}`)
        ? given
        : headerText(given, name),
  };
}

/** Nothing, yes, no and states tell nothing; a number under a plural is a count. */
function isHidden(value: Json, secrecy: Secrecy): boolean {
  if (value === null || typeof value === "boolean") return false;
  if (typeof value === "string") return !tellsNothing(value) && !isPlainState(value) && value !== PLACEHOLDER;
  if (typeof value === "number") return secrecy !== "counted";
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

function isContainer(value: Json): boolean {
  return typeof value === "object" && value !== null;
}

function isRecord(value: Json): boolean {
  return isContainer(value) && !Array.isArray(value);
}

export function mapList<T>(given: readonly T[], map: (item: T, index: number) => T): T[] {
  let result: T[] | undefined;
  for (let i = 0; i < given.length; i++) {
    const after = map(given[i]!, i);
    if (after === given[i]) continue;
    result ??= [...given];
    result[i] = after;
  }
  return result ?? (given as T[]);
}

/** A record with its values mapped, and its keys where `mapKey` is given; two keys that become one stay two. */
export function mapRecord<T>(
  given: Readonly<Record<string, T>>,
  map: (value: T, key: string) => T,
  mapKey?: (key: string) => string,
): Record<string, T> {
  const keys = Object.keys(given);
  let result: [string, T][] | undefined;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const after = map(given[key]!, key);
    const shown = mapKey === undefined ? key : mapKey(key);
    if (result === undefined) {
      if (after === given[key] && shown === key) continue;
      result = keys.map((name) => [name, given[name]!]);
    }
    result[i] = [
      shown === key || !result.some(([other], at) => at !== i && other === shown) ? shown : `${shown} (${i})`,
      after,
    ];
  }
  return result === undefined ? (given as Record<string, T>) : Object.fromEntries(result);
}
