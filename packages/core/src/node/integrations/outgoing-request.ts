import { requestScope } from "../../context/current.js";
import type { Scope } from "../../context/scope.js";
import type { Json, Level } from "../../model/event.js";
import type { TraceHeadersFor } from "../../trace/tracer.js";
import { systemClock } from "../clock.js";
import { leaveSeenStep } from "./seen-step.js";

/** What a client wants of outgoing requests. */
export interface RequestListener {
  readonly headersFor: TraceHeadersFor;
}

/** The header that marks what carries events, our own and that of others: it is not the application's doing. */
export const INGEST_HEADER = "x-sentry-auth";

/** A request as its breadcrumb shows it. */
export interface RequestFacts {
  readonly method: string;
  /** With query. */
  readonly url: string;
}

/** How a request ended. */
export type RequestEnd = { readonly status: number; readonly size?: number } | { readonly error: unknown };

/** Requests under way, each with the scope it was sent from. They are held weakly: one that never ends leaves nothing. */
export class OutgoingRequests {
  readonly #begun = new WeakMap<
    object,
    { readonly scope: Scope; readonly size: number | undefined; readonly at: number }
  >();

  /** Remembers where a request comes from. @param size - of its body in bytes, where it is known before */
  begin(request: object, size: number | undefined): void {
    this.#begun.set(request, { scope: requestScope(), size, at: systemClock.monotonic() });
  }

  /** Leaves the breadcrumb, once. @param facts - read only when there is one to leave */
  end(request: object, facts: () => RequestFacts, how: RequestEnd): void {
    const begun = this.#begun.get(request);
    if (begun === undefined) return;
    this.#begun.delete(request);
    const { method, url } = facts();
    const [address, query] = splitUrl(url);
    const data: Record<string, Json | undefined> = {
      method,
      url: address,
      status_code: "status" in how ? how.status : undefined,
      duration_ms: Math.round(systemClock.monotonic() - begun.at),
      "http.query": query,
      "http.request.body.size": begun.size,
      "http.response.body.size": "size" in how ? how.size : undefined,
      error: "error" in how ? errorName(how.error) : undefined,
    };
    const outcome = "status" in how ? how.status : errorName(how.error);
    leaveSeenStep(begun.scope, {
      type: "http",
      category: "http",
      level: levelOf(how),
      message: `${method} ${address} → ${outcome}`,
      data: present(data),
    });
  }
}

/** A size as headers give it: digits. */
export function sizeOf(contentLength: unknown): number | undefined {
  const text = String(contentLength);
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** @see https://develop.sentry.dev/sdk/foundations/state-management/scopes/breadcrumbs/ */
function levelOf(how: RequestEnd): Level {
  if ("error" in how || how.status >= 500) return "error";
  return how.status >= 400 ? "warning" : "info";
}

/** A URL without credentials and fragment, and its query. */
function splitUrl(url: string): [string, string | undefined] {
  const [, address = "", query] = /^([^?#]*)(?:\?([^#]*))?/.exec(url.slice(0, 4096)) ?? [];
  return [address.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/]*@/i, "$1"), query === "" ? undefined : query];
}

/** What went wrong, in a word: `ECONNREFUSED`, `AbortError`. */
function errorName(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  if (typeof code === "string") return code;
  return typeof name === "string" ? name : "Error";
}

function present(data: Readonly<Record<string, Json | undefined>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as Record<
    string,
    Json
  >;
}
