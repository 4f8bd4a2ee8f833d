import { requestPath } from "@corvid/core/bridge";
import type { ExpressRequest } from "./express.js";

/**
 * The name of the work a request asks for: its method and the pattern of the route that was matched last, with those
 * of the routers around it: `GET /tenants/:tenant/orders/:id`. `undefined` while no route was matched.
 *
 * When an error reaches the error handler, Express has already removed the paths of the routers around the route
 * (`baseUrl`, `params`). So the way to the route is searched again, by asking the layers of the application's router;
 * where that cannot be (an application mounted in another one), by laying the pattern at the end of the path.
 */
export function transactionOf(request: ExpressRequest): string | undefined {
  const route = request.route as Route | undefined;
  const path = requestPath(request);
  if (typeof route !== "object" || route === null || path === undefined) return undefined;
  const patterns = [route.path].flat(9).map(String);
  const mount = mountOf(request, route, path, patterns);
  const own = patterns.length === 1 ? patterns[0]! : patterns.find((pattern) => fits(mount, pattern, path));
  const method = typeof request.method === "string" ? `${request.method} ` : "";
  return method + joined(mount, own ?? patterns.join("|"));
}

function mountOf(request: ExpressRequest, route: Route, path: string, patterns: readonly string[]): string {
  const byLayers = mountByLayers(request.app, path, route);
  // An application mounted in a router knows nothing of what is around it: then the pattern is too short for the path.
  const isWhole = patterns.some((pattern) => !isPlain(pattern) || fits(byLayers ?? "", pattern, path));
  if (byLayers !== undefined && isWhole) return byLayers;
  return mountByPath(path, patterns) ?? byLayers ?? String(request.baseUrl ?? "");
}

interface Route {
  readonly path?: unknown;
}

/** An application or a router. */
interface Handler {
  /** A router's layers. */
  readonly stack?: readonly Layer[];
  /** An application's router, in Express 5; in 4 asking for it throws. */
  readonly router?: Handler;
  readonly _router?: Handler;
  /** Where an application is mounted in another one. */
  readonly mountpath?: string | readonly string[];
  readonly parent?: Handler;
}

/** A layer. In Express 4 and the first releases of 5 it answers `match` with a flag and by its own fields. */
interface Layer extends Match {
  readonly handle?: Handler;
  readonly route?: Route;
  match?(path: string): boolean | Match;
}

interface Match {
  readonly path?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Routers inside routers that are looked into. */
const DEEPEST = 10;

function mountByLayers(app: unknown, path: string, route: Route): string | undefined {
  try {
    const mount = mountOfApp(app as Handler | undefined, DEEPEST);
    const inside = withoutSegments(path, segments(mount).length);
    const way = wayTo(route, app as Handler, inside, DEEPEST);
    return way === undefined ? undefined : mount + way;
  } catch {
    return undefined;
  }
}

/** The patterns under which an application is mounted in others. */
function mountOfApp(app: Handler | undefined, depth: number): string {
  if (app?.parent === undefined || depth === 0) return "";
  const own = segments([app.mountpath].flat()[0] ?? "").map((segment) => `/${segment}`);
  return mountOfApp(app.parent, depth - 1) + own.join("");
}

function wayTo(route: Route, handler: Handler | undefined, path: string, depth: number): string | undefined {
  if (depth === 0) return undefined;
  for (const layer of stackOf(handler)) {
    if (layer.route === route) return "";
    if (layer.route !== undefined || stackOf(layer.handle).length === 0) continue;
    const match = matchOf(layer, path);
    if (match === undefined) continue;
    const { path: matched = "", params = {} } = match;
    const rest = wayTo(route, layer.handle, `/${path.slice(matched.length).replace(/^\//, "")}`, depth - 1);
    if (rest !== undefined) return withNames(matched, params) + rest;
  }
  return undefined;
}

function stackOf(handler: Handler | undefined): readonly Layer[] {
  return handler?.stack ?? (handler?._router ?? safeRouter(handler))?.stack ?? [];
}

function safeRouter(handler: Handler | undefined): Handler | undefined {
  try {
    return handler?.router;
  } catch {
    return undefined;
  }
}

function matchOf(layer: Layer, path: string): Match | undefined {
  const matched = layer.match?.(path);
  return matched === true ? layer : matched === false ? undefined : matched;
}

/** What a layer matched, with the names of its parameters in place of their values. */
function withNames(matched: string, params: Readonly<Record<string, unknown>>): string {
  const names = new Map(Object.entries(params).map(([name, value]) => [value, name]));
  return segments(matched)
    .map((segment) => {
      const name = names.get(decoded(segment));
      return name === undefined ? `/${segment}` : `/:${name}`;
    })
    .join("");
}

/** The front of the path that is left when a plain pattern (segments, each a text or a name) is laid at its end. */
function mountByPath(path: string, patterns: readonly string[]): string | undefined {
  for (const pattern of patterns) {
    const given = segments(path);
    const mount = given
      .slice(0, given.length - segments(pattern).length)
      .map((segment) => `/${segment}`)
      .join("");
    if (fits(mount, pattern, path)) return mount;
  }
  return undefined;
}

function fits(mount: string, pattern: string, path: string): boolean {
  if (!isPlain(pattern)) return false;
  const own = segments(pattern);
  const given = segments(path).slice(segments(mount).length);
  return (
    own.length === given.length &&
    own.every((segment, i) => segment.includes(":") || segment.toLowerCase() === given[i]!.toLowerCase())
  );
}

/** Whether a pattern is made of texts and names alone, so that it has as many segments as the paths it fits. */
function isPlain(pattern: string): boolean {
  return /^[\w/:.~%-]*$/.test(pattern);
}

function segments(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function withoutSegments(path: string, count: number): string {
  return `/${segments(path).slice(count).join("/")}`;
}

function joined(mount: string, pattern: string): string {
  if (pattern === "" || pattern === "/") return mount === "" ? "/" : mount;
  return mount + pattern;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
