/**
 * The page's script. Everything an event holds is put on the page as text (`textContent`), never as markup.
 *
 * It is text because the page must stand in one answer; no template literals inside.
 */
export const PAGE_SCRIPT: string = String.raw`
"use strict";
const main = document.getElementById("main");
const status = document.getElementById("status");

function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === "") continue;
    if (name === "class") node.className = value;
    else if (name === "open") node.open = Boolean(value);
    else node.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child === undefined || child === null || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(text(child)));
  }
  return node;
}

function text(value) {
  if (typeof value === "string") return value;
  const json = JSON.stringify(value, null, 2);
  return json === undefined ? "" : json;
}

async function get(path) {
  const answer = await fetch("/api/0/" + path);
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.json();
}

function ago(ms) {
  const seconds = Math.max(0, Math.round((Date.now() - ms) / 1000));
  const steps = [[86400, "d"], [3600, "h"], [60, "min"]];
  const step = steps.find(([size]) => seconds >= size);
  return step ? Math.floor(seconds / step[0]) + " " + step[1] + " ago" : seconds < 5 ? "now" : seconds + " s ago";
}

function time(value) {
  const ms = typeof value === "number" ? value : Date.parse(value);
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return el("span", {}, text(value));
  return el("time", { datetime: date.toISOString(), title: date.toISOString() }, ago(ms));
}

function chip(label, kind) {
  return label ? el("span", { class: "chip " + (kind || "") }, label) : "";
}

const LEVELS = ["fatal", "error", "warning", "info", "debug"];
function levelChip(level) {
  return chip(level, LEVELS.includes(level) ? level : "");
}

function plural(count, word) {
  return count.toLocaleString("en") + " " + word + (count === 1 ? "" : "s");
}

async function showIssues() {
  const [groups, stats] = await Promise.all([get("groups"), get("stats")]);
  const problems = stats.problems === 0 ? "" : el("a", { href: "#/problems" }, plural(stats.problems, "problem"));
  const facts = plural(stats.events, "event") + " received, " + plural(stats.failures, "failure") + " in all"
    + (stats.duplicates ? ", " + plural(stats.duplicates, "duplicate") : "") + (problems ? "; " : "");
  const rows = groups.map((group) => el("li", { class: "issue" },
    el("div", {},
      el("a", { href: "#/groups/" + group.id, class: "title" }, group.type),
      el("div", { class: "message" }, group.value.split("\n")[0]),
      el("div", { class: "soft code" }, group.culprit)),
    el("div", {},
      el("div", { class: "count", title: plural(group.events, "event") }, group.count.toLocaleString("en")),
      el("div", { class: "soft when" }, time(group.lastSeen))),
    el("div", {}, levelChip(group.level), group.releases.slice(-1).map((name) => chip(name)),
      group.environments.map((name) => chip(name)), group.project === "1" ? "" : chip("project " + group.project))));
  return ["Issues", el("h2", {}, "Issues"), el("p", { class: "soft" }, facts, problems),
    rows.length ? el("ul", { class: "list" }, rows) : el("p", { class: "card empty soft" }, "Nothing has arrived yet.")];
}

async function showGroup(id) {
  const group = await get("groups/" + encodeURIComponent(id));
  const rows = group.latest.map((event) => el("li", { class: "issue" },
    el("div", {},
      el("a", { href: "#/events/" + event.id, class: "title" }, event.value.split("\n")[0] || event.type),
      el("div", { class: "soft code" }, event.id)),
    el("div", { class: "when" }, event.count > 1 ? el("strong", {}, "× " + event.count.toLocaleString("en") + " ") : "", time(event.receivedAt)),
    el("div", {}, levelChip(event.level), chip(event.transaction), chip(event.release), chip(event.environment))));
  return [group.type, el("p", {}, el("a", { href: "#/" }, "← Issues")), el("h2", {}, group.type),
    el("pre", {}, group.value), el("p", { class: "soft code" }, group.culprit),
    el("p", { class: "soft" }, plural(group.count, "failure") + " in " + plural(group.events, "event") + ", first ",
      time(group.firstSeen), ", last ", time(group.lastSeen)),
    el("h3", {}, group.events > rows.length ? "Newest " + rows.length + " events" : "Events"),
    el("ul", { class: "list" }, rows)];
}

async function showProblems() {
  const problems = await get("problems");
  return ["Problems", el("p", {}, el("a", { href: "#/" }, "← Issues")), el("h2", {}, "Problems"),
    el("p", { class: "soft" }, "What other servers would refuse, cut or lose, or this one did."),
    el("ul", { class: "list" }, problems.slice(-200).reverse().map((problem) => el("li", {},
      chip(problem.kind), problem.detail,
      problem.eventId ? el("div", {}, el("a", { href: "#/events/" + problem.eventId, class: "code" }, problem.eventId)) : "")))];
}

async function showEvent(id) {
  const received = await get("events/" + encodeURIComponent(id));
  const event = received.event;
  const exceptions = list(event.exception);
  const last = exceptions[exceptions.length - 1] || {};
  const entry = event.logentry || {};
  const title = text(last.type || (exceptions.length ? "Error" : "Message"));
  return [title,
    el("p", {}, el("a", { href: "#/" }, "← Issues"), " · ", el("a", { href: "#/groups/" + received.group }, "all events of this issue")),
    el("h2", {}, title), el("pre", {}, text(last.value || entry.formatted || entry.message || event.message || "")),
    el("p", {}, levelChip(event.level || "error"), chip(event.transaction), chip(event.release), chip(event.environment), chip(event.server_name)),
    el("p", { class: "soft" }, "Received ", time(received.receivedAt), " · ", el("span", { class: "code" }, received.id)),
    exceptions.slice().reverse().map((exception, index) => stack(exception, index)),
    pairs("Request", event.request), pairs("User", event.user), pairs("Tags", tags(event.tags)),
    Object.entries(event.contexts || {}).map(([name, context]) => pairs("Context: " + name, context)),
    crumbs(list(event.breadcrumbs)), pairs("Extra", event.extra), pairs("Fingerprint", event.fingerprint),
    files(received), pairs("Modules", event.modules, true), pairs("SDK", event.sdk, true),
    folded("Raw JSON", el("pre", { class: "card" }, text(received)))];
}

function list(value) {
  const values = Array.isArray(value) ? value : value && value.values;
  return Array.isArray(values) ? values.filter((entry) => entry && typeof entry === "object") : [];
}

function tags(value) {
  return Array.isArray(value) ? Object.fromEntries(value.filter(Array.isArray)) : value;
}

function stack(exception, index) {
  const mechanism = exception.mechanism || {};
  const facts = [mechanism.type, mechanism.handled === false ? "unhandled" : "", mechanism.source].filter(Boolean).map(text).join(" · ");
  const frames = list(exception.stacktrace && exception.stacktrace.frames).slice().reverse();
  const first = Math.max(0, frames.findIndex((frame) => frame.in_app === true));
  return el("section", {},
    el("h3", {}, (index === 0 ? "Exception" : "Caused by") + ": " + text(exception.type || "Error")),
    el("div", { class: "card stack" },
      el("p", {}, el("span", { class: "message-text" }, text(exception.value || "")), facts ? el("span", { class: "soft" }, " (" + facts + ")") : ""),
      frames.map((frame, position) => frameOf(frame, position === first))));
}

function frameOf(frame, open) {
  const where = text(frame.filename || frame.abs_path || frame.module || "?")
    + (frame.lineno ? ":" + text(frame.lineno) : "") + (frame.colno ? ":" + text(frame.colno) : "");
  const line = [el("strong", { class: "code" }, text(frame.function || "?")), " ", el("span", { class: "code" }, where),
    frame.in_app === true ? el("span", { class: "soft" }, " in app") : ""];
  const kind = "frame" + (frame.in_app === true ? " own" : "");
  const source = sourceOf(frame);
  const vars = frame.vars && Object.keys(frame.vars).length ? table(frame.vars) : "";
  if (!source && !vars) return el("div", { class: kind }, line);
  return el("details", { class: kind, open: open }, el("summary", {}, line), source, vars);
}

function sourceOf(frame) {
  if (typeof frame.context_line !== "string") return "";
  const before = Array.isArray(frame.pre_context) ? frame.pre_context : [];
  const after = Array.isArray(frame.post_context) ? frame.post_context : [];
  const start = (Number(frame.lineno) || before.length + 1) - before.length;
  const lines = before.concat([frame.context_line], after);
  return el("div", { class: "source code", tabindex: "0", role: "group", "aria-label": "Source" },
    lines.map((line, index) => el("div", { class: index === before.length ? "at" : undefined },
      el("span", { class: "number" }, String(start + index)), text(line) || " ")));
}

function table(value) {
  return el("table", {}, el("tbody", {}, Object.entries(value).map(([key, entry]) =>
    el("tr", {}, el("th", { scope: "row" }, key), el("td", {}, el("pre", {}, text(entry)))))));
}

function pairs(title, value, closed) {
  if (!value || typeof value !== "object" || Object.keys(value).length === 0) return "";
  const body = el("div", { class: "card" }, table(value));
  return closed ? folded(title, body) : el("section", {}, el("h3", {}, title), body);
}

function folded(title, body) {
  return el("section", {}, el("h3", {}, title), el("details", {}, el("summary", {}, "Show"), body));
}

function crumbs(values) {
  if (!values.length) return "";
  return el("section", {}, el("h3", {}, "Breadcrumbs"), el("div", { class: "card" }, el("table", { class: "crumb" }, el("tbody", {},
    values.map((crumb) => el("tr", {},
      el("th", { scope: "row" }, text(crumb.category || crumb.type || "default"), " ",
        crumb.timestamp ? time(typeof crumb.timestamp === "number" ? crumb.timestamp * 1000 : crumb.timestamp) : ""),
      el("td", {}, crumb.level && crumb.level !== "info" ? levelChip(crumb.level) : "", text(crumb.message || ""),
        crumb.data ? el("pre", { class: "soft" }, text(crumb.data)) : "")))))));
}

function files(received) {
  if (!received.attachments.length) return "";
  return el("section", {}, el("h3", {}, "Attachments"), el("ul", { class: "list" }, received.attachments.map((file, index) =>
    el("li", {}, el("a", { href: "/api/0/events/" + received.id + "/attachments/" + index, download: file.filename || "attachment" },
      file.filename || "(no name)"), el("span", { class: "soft" }, " " + file.contentType + ", " + plural(file.bytes, "byte"))))));
}

let shown = "";
let turn = 0;
async function show() {
  const here = location.hash || "#/";
  const mine = ++turn;
  const [, view, id] = here.split("/");
  try {
    const showView = { groups: showGroup, events: showEvent, problems: showProblems }[view] || showIssues;
    const [title, ...parts] = await showView(decodeURIComponent(id || ""));
    if (mine !== turn) return;
    document.title = title + " – Corvid test server";
    main.replaceChildren(...parts.flat().filter((part) => part !== ""));
  } catch (error) {
    if (mine !== turn) return;
    main.replaceChildren(el("p", { class: "card empty" }, "This cannot be shown: " + error.message), el("p", {}, el("a", { href: "#/" }, "← Issues")));
  }
  if (shown && shown !== here) { main.focus(); scrollTo(0, 0); }
  shown = here;
}

// Many events at once are one refresh; what is being read is not pulled away.
let waiting;
function refresh() {
  if ((location.hash || "#/").startsWith("#/events/")) return;
  waiting = waiting || setTimeout(() => { waiting = undefined; show(); }, 200);
}

const stream = new EventSource("/api/0/stream");
stream.addEventListener("open", () => { status.textContent = "Live"; refresh(); });
stream.addEventListener("error", () => { status.textContent = "The server does not answer"; });
stream.addEventListener("event", refresh);
stream.addEventListener("clear", () => { location.hash = "#/"; refresh(); });
document.getElementById("clear").addEventListener("click", () => {
  if (confirm("Delete all events?")) fetch("/api/0/events", { method: "DELETE" });
});
addEventListener("hashchange", show);
show();
`;
