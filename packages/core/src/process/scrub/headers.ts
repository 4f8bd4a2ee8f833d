/** Words of a header's name that say it holds an address, or whose request it is. */
const IDENTIFYING: ReadonlySet<string> = new Set(
  `forwarded via remote ip clientip socketip realip ipaddress address addr user username userid userinfo email mail
   identity principal dn subject cert clientcert login authentik authenticated consumer upn caller latitude longitude
   latlong city cityname postal postalcode msisdn viewer account uid sub person whois authelia custom_id`.split(
    /\s+/,
  ),
);

/** Names that hold such a word and tell of the server, or of nobody. */
const INNOCENT: RegExp =
  /user-agent|^sec-|^x-forwarded-(?:host|port|proto|protocol|scheme|prefix|server|path|uri|method|ssl)$|^content-|^access-control-|-(?:verify|verified|cipher|protocol|version|issuer|expires?|serial)$/;

/** Where an address is, as proxies work it out: `cf-ipcountry`, `cf-iplatitude`. */
const PLACE: RegExp = /^ip(?:c|lat|lon|reg|post)/;

/** Whether a header says who or where the client is: `x-forwarded-for`, `cf-connecting-ip`, `via`, `x-remote-user`, `from`. */
export function isIdentifying(name: string): boolean {
  const lower = name.toLowerCase().replaceAll("_", "-");
  if (INNOCENT.test(lower)) return false;
  return lower === "from" || lower.split("-").some((word) => IDENTIFYING.has(word) || PLACE.test(word));
}

/** Whether a name can only be such a header's, wherever it stands. */
export function isIdentifyingHeader(name: string): boolean {
  return /^(?:x|cf|true|fastly|fly|cloudfront|tailscale|remote)-/i.test(name) && isIdentifying(name);
}

/** The name of an object that holds headers: `headers`, `rawHeaders`, `Symbol(kHeaders)`, `responseHeaders`. */
export const HEADERS: RegExp = /headers(?:list|map|distinct)?\)?$/i;

/** Names of a client's address, in whatever object. */
export const CLIENT_ADDRESS: RegExp =
  /^(?:(?:client|source|user|caller|visitor|viewer|peer)[_-]?(?:ip|ip[_-]?addr(?:ess)?|addr(?:ess)?)|remote[_-]?ip|remote[_-]addr(?:ess)?|REMOTE_ADDR)$/i;
