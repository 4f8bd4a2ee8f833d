/**
 * Opens the page of the built server in a real browser, with an event that tries to run code there.
 *
 *     node test/live/page-in-browser.mjs               needs Chromium; CHROMIUM names another one than /usr/bin/chromium
 */
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { startTestServer } from "../../dist/esm/index.js";

const ID = "f".repeat(32);
const HOSTILE = `<img src=x onerror="document.title='taken over'"><script>document.title='taken over'</script>`;

const server = await startTestServer();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));

  await page.goto(`${server.url}/`);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText("Nothing has arrived yet.").waitFor();
  await send();
  // Nothing is reloaded: the event shows because the stream told of it.
  await page.getByRole("link", { name: HOSTILE }).waitFor();
  await look(page, "issues");
  await page.getByRole("link", { name: HOSTILE }).click();
  await page.getByRole("heading", { name: "Events" }).waitFor();
  await look(page, "issue");
  await page.locator(`a[href="#/events/${ID}"]`).click();
  await page.getByRole("heading", { name: "Breadcrumbs" }).waitFor();
  await look(page, "event");
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Delete all events" }).click();
  await page.getByText("Nothing has arrived yet.").waitFor();

  assert.deepEqual(troubles, []);
  console.log("the page is live, fits a phone, and shows hostile text as text in all of its views");
} finally {
  await browser.close();
  await server.close();
}

async function look(page, view) {
  const seen = await page.evaluate(() => ({
    title: document.title,
    foreign: document.querySelectorAll("main img, main script").length,
    text: document.querySelector("main").textContent,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }));
  assert.ok(seen.text.includes(HOSTILE), `${view}: shows the text`);
  assert.ok(seen.title.endsWith(" – Corvid test server"), `${view}: title ${seen.title}`);
  assert.deepEqual(
    [seen.foreign, seen.overflow],
    [0, 0],
    `${view}: elements of the event's making, pixels beyond the width`,
  );
}

async function send() {
  const event = {
    event_id: ID,
    timestamp: Date.now() / 1000,
    platform: "node",
    level: HOSTILE,
    exception: {
      values: [
        {
          type: HOSTILE,
          value: HOSTILE,
          mechanism: { type: HOSTILE },
          stacktrace: {
            frames: [
              {
                function: HOSTILE,
                filename: HOSTILE,
                context_line: HOSTILE,
                in_app: true,
                vars: { [HOSTILE]: HOSTILE },
              },
            ],
          },
        },
      ],
    },
    tags: { [HOSTILE]: HOSTILE },
    contexts: { [HOSTILE]: { [HOSTILE]: HOSTILE } },
    breadcrumbs: { values: [{ category: HOSTILE, message: HOSTILE, timestamp: HOSTILE }] },
    extra: { [HOSTILE]: { nested: HOSTILE } },
  };
  const answer = await fetch(`${server.url}/api/1/envelope/`, {
    method: "POST",
    headers: { "x-sentry-auth": "Sentry sentry_key=c0ffeec0ffeec0ffeec0ffeec0ffee00, sentry_version=7" },
    body: `${JSON.stringify({ event_id: ID })}\n{"type":"event"}\n${JSON.stringify(event)}\n`,
  });
  assert.equal(answer.status, 200);
}
