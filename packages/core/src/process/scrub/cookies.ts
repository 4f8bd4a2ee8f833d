import type { KeyJudge } from "./keys.js";

/**
 * A `Cookie` or `Set-Cookie` header, filtered name by name. What cannot be split into names and values goes whole.
 *
 * @param scrubValue - for the values of innocent names
 */
export function scrubCookies(
  header: string,
  judge: KeyJudge,
  scrubValue: (text: string) => string,
  placeholder: string,
): string {
  const parts = header.split(";");
  if (!parts[0]!.includes("=")) return header === "" ? header : placeholder;
  return parts
    .map((part) => {
      const at = part.indexOf("=");
      if (at < 0) return ATTRIBUTE.test(part) ? part : ` ${placeholder}`;
      const name = part.slice(0, at);
      const value = part.slice(at + 1);
      return `${name}=${value !== "" && judge(name) !== "innocent" ? placeholder : scrubValue(value)}`;
    })
    .join(";");
}

/** What may stand without a value in a `Set-Cookie`. */
const ATTRIBUTE = /^\s*(?:secure|httponly|partitioned)?\s*$/i;

/** A query string or form, filtered name by name; everything else of it stays as written. */
export function scrubForm(
  text: string,
  judge: KeyJudge,
  scrubValue: (text: string) => string,
  placeholder: string,
): string {
  return text
    .split("&")
    .map((pair) => {
      const at = pair.indexOf("=");
      if (at < 0) return scrubValue(pair);
      const value = pair.slice(at + 1);
      if (value === "" || judge(decode(pair.slice(0, at))) === "innocent")
        return `${pair.slice(0, at)}=${scrubValue(value)}`;
      return `${pair.slice(0, at)}=${placeholder}`;
    })
    .join("&");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
