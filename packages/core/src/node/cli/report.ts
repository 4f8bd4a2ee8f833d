import type { Json } from "../../model/event.js";
import { SDK } from "../../model/sdk.js";
import type { ExitCode, World } from "./world.js";

/** One thing a command found out. */
export interface Finding {
  /** What it is about, in one word. */
  readonly topic: string;
  /** `note`: nothing is broken, but it is worth knowing. */
  readonly state: "ok" | "note" | "problem";
  readonly text: string;
  /** What to do. */
  readonly advice?: string;
  /** Page of the documentation. */
  readonly page?: string;
  /** The same for programs. */
  readonly details?: Readonly<Record<string, Json>>;
}

/** Tells findings as they come: to people a line each, to programs one JSON document in the end. */
export interface Report {
  add(finding: Finding): void;
  /** A text that is not to be shown, whoever says it. */
  hide(secret: string | undefined): void;
  /**
   * Says how it ended.
   *
   * @param summary - for people: the last line when nothing is wrong
   * @param more - for programs: further fields of the document
   */
  end(summary: string, more?: Readonly<Record<string, Json>>): ExitCode;
}

const TOPIC_WIDTH = 13;
const COLOURS = { ok: 32, note: 33, problem: 31 };
/** Shorter ones would take ordinary words apart. */
const SHORTEST_SECRET = 3;

/** Makes the report of one command. */
export function createReport(command: string, isJson: boolean, { out }: Pick<World, "out">): Report {
  const findings: Finding[] = [];
  const secrets = new Set<string>();
  const clean = (text: string): string => {
    let safe = plain(text);
    for (const secret of secrets) safe = safe.replaceAll(secret, "[Filtered]");
    return safe;
  };
  const mark = (state: Finding["state"]): string =>
    out.hasColours ? `\u001b[${COLOURS[state]}m${state.padEnd(8)}\u001b[39m` : state.padEnd(8);
  const tell = ({ topic, state, text, advice, page }: Finding): void => {
    const indent = " ".repeat(9 + TOPIC_WIDTH);
    out.write(`${mark(state)} ${topic.padEnd(TOPIC_WIDTH)}${clean(text)}\n`);
    if (advice !== undefined) out.write(`${indent}${clean(advice)}\n`);
    if (page !== undefined) out.write(`${indent}See ${page}\n`);
  };

  return {
    hide(secret) {
      if (secret !== undefined && secret.length >= SHORTEST_SECRET) secrets.add(secret);
    },
    add(finding) {
      findings.push(finding);
      if (!isJson) tell(finding);
    },
    end(summary, more = {}) {
      const problems = findings.filter(({ state }) => state === "problem").length;
      if (isJson) {
        const document = { command, version: SDK.version, ok: problems === 0, findings, ...more };
        out.write(
          `${JSON.stringify(document, (_, value) => (typeof value === "string" ? clean(value) : value), 2)}\n`,
        );
      } else {
        out.write(`\n${clean(problems === 0 ? summary : counted(problems, "problem"))}\n`);
      }
      return problems === 0 ? 0 : 1;
    },
  };
}

/** Takes out what would steer the terminal or break the line. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}

/** `1 problem`, `2 problems`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
