import { isObject, read, readText } from "../model/safe-read.js";

/** A message that is JSON, and its first issue as text. */
export interface Issues {
  readonly text: string;
  readonly json: unknown;
}

/** A longer message is not parsed while the application waits. */
const LONGEST = 65_536;

/**
 * Reads a message that is JSON, as validators (ZodError) and clients of web services write it: a list of issues, or an
 * object that holds one or a message.
 *
 * @returns the first issue, `path: message`, and how many more there are; `undefined` for any other text
 */
export function issuesOf(message: string): Issues | undefined {
  if (message.length > LONGEST || !/^\s*[[{]/.test(message)) return undefined;
  try {
    const json: unknown = JSON.parse(message);
    const text = textOf(json);
    return text === undefined ? undefined : { text, json };
  } catch {
    return undefined;
  }
}

const LISTS = ["issues", "errors", "details"];
const TEXTS = ["message", "error", "detail", "error_description", "title", "msg"];

function textOf(json: unknown): string | undefined {
  if (typeof json === "string") return json === "" ? undefined : json;
  if (!isObject(json)) return undefined;
  const list = Array.isArray(json) ? json : LISTS.map((name) => read(json, name)).find(Array.isArray);
  const first = list === undefined ? undefined : textOf(list[0]);
  if (first !== undefined) return list!.length > 1 ? `${first} (and ${list!.length - 1} more)` : first;
  for (const name of TEXTS) {
    const text = textOf(read(json, name));
    if (text === undefined) continue;
    const path = pathOf(json);
    return path === "" ? text : `${path}: ${text}`;
  }
  return undefined;
}

/** Where an issue lies, by the names of the usual validators. */
function pathOf(issue: object): string {
  const path = read(issue, "path");
  if (Array.isArray(path)) return path.filter((part) => !isObject(part)).join(".");
  return (
    ["path", "instancePath", "field", "property"].map((name) => readText(issue, name)).find(Boolean) ?? ""
  );
}
