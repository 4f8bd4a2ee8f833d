import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Headers } from "./exchange.js";
import { PAGE_SCRIPT } from "./page-script.js";
import { PAGE_STYLE } from "./page-style.js";
import { Refusal } from "./refusal.js";

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Corvid test server</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1><a href="#/">Corvid test server</a></h1>
<p id="status" role="status">Connecting…</p>
<button id="clear" type="button">Delete all events</button>
</header>
<main id="main" tabindex="-1"></main>
<footer>For development only. It listens on this machine alone.</footer>
<noscript>This page needs JavaScript; the same data is at <a href="/api/0/groups">/api/0/groups</a>.</noscript>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;

/** The page: everything in one answer, nothing loaded from elsewhere. What it shows comes through the JSON API. */
export function pageHtml(): string {
  return HTML;
}

/** Of the page's answer. Only its own script and style run, whatever an event may hold. */
export const PAGE_HEADERS: Headers = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `script-src '${hashOf(PAGE_SCRIPT)}'`,
    `style-src '${hashOf(PAGE_STYLE)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/**
 * Keeps other web sites out: events may hold secrets, and a browser on this machine visits strangers. A foreign
 * name that was made to point here shows in `Host`, a foreign page in `Origin`.
 *
 * @throws {Refusal} 403
 */
export function checkBrowser({ headers }: IncomingMessage): void {
  const host = headers.host ?? "";
  if (!/^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i.test(host)) {
    throw new Refusal(403, `the page and its API answer to localhost only, not to ${JSON.stringify(host)}`);
  }
  if (headers.origin !== undefined && headers.origin !== `http://${host}`) {
    throw new Refusal(403, `the API is not for pages of ${JSON.stringify(headers.origin)}`);
  }
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
