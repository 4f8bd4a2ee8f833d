import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { type Dsn, envelopeUrl } from "../../../model/dsn.js";
import { findRelease } from "../../host/release.js";
import { tellDsn, tellProxy } from "../destination.js";
import type { Finding, Report } from "../report.js";
import type { World } from "../world.js";
import type { Project } from "./project.js";

/**
 * Tells where events will go, and what they will say of the application: DSN, proxy, release, environment.
 *
 * @returns the DSN of the environment, where it has one that can be used
 */
export function tellEnvironment({ root }: Project, { env }: World, report: Report): Dsn | undefined {
  const text = filled(env["SENTRY_DSN"]);
  if (text === undefined) report.add(missingDsn(root));
  const dsn = text === undefined ? undefined : tellDsn(text, "SENTRY_DSN", report);
  if (dsn !== undefined) tellProxy(new URL(envelopeUrl(dsn)), env, report);
  report.add(releaseFinding(root, env));
  report.add(environmentFinding(env));
  return dsn;
}

/** Applications may give it in code, which cannot be seen from here. */
function missingDsn(root: string): Finding {
  const file = [".env", ".env.production", ".env.local"].find((name) => namesDsn(join(root, name)));
  return {
    topic: "dsn",
    state: "note",
    text:
      file === undefined ? "SENTRY_DSN is not set" : `SENTRY_DSN is not set here, but it stands in ${file}`,
    advice:
      file === undefined
        ? "Nothing is reported unless init({ dsn }) is given one. corvid test DSN tries one out."
        : `Start with node --env-file=${file}, or load it before init().`,
    details: { source: null },
  };
}

function namesDsn(path: string): boolean {
  try {
    return filled(parseEnv(readFileSync(path, "utf8"))["SENTRY_DSN"]) !== undefined;
  } catch {
    return false;
  }
}

function releaseFinding(root: string, env: World["env"]): Finding {
  const given = filled(env["SENTRY_RELEASE"]);
  const found = given === undefined ? findRelease(root, env) : { release: given, source: "SENTRY_RELEASE" };
  if (found === undefined) {
    return {
      topic: "release",
      state: "note",
      text: "unknown: no SENTRY_RELEASE, no commit variable, no .git, no version in package.json",
      advice:
        "Set SENTRY_RELEASE where you deploy, for example to the commit: only then can you tell since when an error exists.",
      details: { release: null, source: null },
    };
  }
  return {
    topic: "release",
    state: "ok",
    text: `${found.release}, from ${found.source}`,
    details: { ...found },
  };
}

function environmentFinding(env: World["env"]): Finding {
  const source = ["SENTRY_ENVIRONMENT", "NODE_ENV"].find((name) => filled(env[name]) !== undefined);
  const environment = source === undefined ? "production" : filled(env[source])!;
  return {
    topic: "environment",
    state: "ok",
    text:
      source === undefined
        ? `${environment}, because nothing else is said`
        : `${environment}, from ${source}`,
    details: { environment, source: source ?? null },
  };
}

function filled(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}
