import { type HttpAnswer, printable } from "../../transport/http-answer.js";
import { rateLimitsOf } from "../../transport/rate-limits.js";
import type { Finding } from "./report.js";

/**
 * What the answer to an event means, in plain words.
 *
 * @param ms - how long it took
 * @param now - milliseconds since the Unix epoch
 * @see https://develop.sentry.dev/sdk/foundations/transport/
 */
export function answerFinding(answer: HttpAnswer, ms: number, now: number): Finding {
  const { status, statusText } = answer;
  const excerpt = printable(answer.body).trim().slice(0, 300);
  const said = excerpt === "" ? "" : `: ${excerpt}`;
  const limits = rateLimitsOf(answer, now).map(({ category, durationMs }) => ({
    category,
    seconds: Math.ceil(durationMs / 1000),
  }));
  return {
    topic: "answer",
    text: `${`${status} ${statusText}`.trim()} after ${ms} ms${said}`,
    ...judged(answer),
    details: { status, ms, limits },
  };
}

/** What the rate limits of an answer mean; `undefined` when there are none. */
export function limitsFinding({ details }: Finding): Finding | undefined {
  const limits = (details?.["limits"] ?? []) as { category: string; seconds: number }[];
  // Servers name limits of transactions and logs too, which Corvid never sends.
  if (!limits.some(({ category }) => SENT.has(category))) return undefined;
  const listed = limits.map(({ category, seconds }) => `${category} for ${seconds} s`).join(", ");
  return {
    topic: "rate limits",
    state: "note",
    text: listed,
    advice:
      "Meanwhile Corvid sends nothing of that kind: failures are counted, and told when the time is over.",
    details: { limits },
  };
}

/** What Corvid's events and reports count as. */
const SENT: ReadonlySet<string> = new Set(["all", "default", "error", "attachment", "monitor"]);

/** What a server's `Date` says of this machine's clock; `undefined` where they agree to a minute. */
export function clockFinding({ date }: HttpAnswer, now: number): Finding | undefined {
  const aheadMs = now - Date.parse([date].flat()[0] ?? "");
  if (!(Math.abs(aheadMs) >= 60_000)) return undefined;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  return {
    topic: "clock",
    state: "note",
    text: `this machine's clock is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} the server's`,
    advice:
      "Events carry this machine's time: servers move them, or refuse those from the future. Is NTP running?",
    details: { aheadMs },
  };
}

type Judgement = Pick<Finding, "state" | "advice">;

function judged(answer: HttpAnswer): Judgement {
  const { status } = answer;
  if (status >= 200 && status < 300) return taken(answer);
  if (status >= 300 && status < 400) return problem(redirected(answer));
  return problem(MEANINGS[status] ?? (status >= 500 ? SERVER_TROUBLE : NO_INGEST));
}

/** Servers answer `{"id":…}`, `{}` or nothing; a page is the answer of something else. */
function taken(answer: HttpAnswer): Judgement {
  const body = answer.body.trim();
  if (body === "") {
    return {
      state: "ok",
      advice:
        "The answer is empty. Some servers say so even to events they discard: look whether it is there.",
    };
  }
  return body.startsWith("{")
    ? { state: "ok" }
    : problem(`This is not how a server for error reports answers. ${CHECK_DSN}`);
}

function redirected({ location }: HttpAnswer): string {
  const [target] = [location].flat();
  const where = target === undefined ? "" : ` to ${withoutQuery(target)}`;
  return `The server sends reports elsewhere${where}, and Corvid does not follow. Write the final protocol, host and path into the DSN (often https:// in place of http://).`;
}

function withoutQuery(address: string): string {
  return address
    .replace(/[?#].*$/s, "")
    .replace(/\/\/[^/@]*@/, "//")
    .slice(0, 200);
}

function problem(advice: string): Judgement {
  return { state: "problem", advice };
}

const CHECK_DSN =
  "Copy the DSN again from the project's settings: host, path and project id must be those of the server.";
const NO_INGEST = `The address behind the DSN takes no reports. ${CHECK_DSN}`;
const SERVER_TROUBLE =
  "The server is in trouble, or a gateway in front of it. Corvid keeps events and tries again, with growing pauses; look at the server's logs.";

const MEANINGS: Readonly<Record<number, string>> = {
  400: `The server cannot make sense of the report, or key and project do not belong together. ${CHECK_DSN} Sentry wants a numeric project id.`,
  401: `The server does not accept the key, or something in between takes the X-Sentry-Auth header away. ${CHECK_DSN}`,
  403: "The server knows the address but refuses the key, the project, or this event. Look whether the key is enabled, belongs to this project, and no filter of the project applies.",
  404: "There is nothing at this address: wrong host or path, an unknown project, or a Sentry older than 20.6. A server below a path wants it in the DSN: https://KEY@host/path/1.",
  405: NO_INGEST,
  407: "The proxy wants a user and password: http_proxy=http://USER:PASSWORD@host:port.",
  408: "The server did not get the report in time. Corvid would try again; a slow line or a proxy that holds requests back?",
  413: "Even this small event is too large: a limit of the server or of the proxy in front of it is set too low (nginx: client_max_body_size; 1 MiB is needed for events).",
  429: "The project is over its quota or rate limit. Corvid keeps counting and sends again when the time is over; raise the quota, or find out what floods it.",
  501: "The server does not know how to take events in this form: it is no Sentry, Bugsink, GlitchTip or Spotlight, or a very old one.",
  502: "A gateway answers, but the server behind it does not. Is the server running?",
  503: "The server is overloaded or starting. Corvid keeps events and tries again, with growing pauses.",
  504: "A gateway answers, but the server behind it does not, in time. Is the server running?",
};
