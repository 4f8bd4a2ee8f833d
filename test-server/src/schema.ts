import { Ajv, type ValidateFunction } from "ajv";
import schema from "./event.schema.json" with { type: "json" };

const MOST_ERRORS = 10;

let validate: ValidateFunction | undefined;

/**
 * What the protocol's published schema has against an event; empty when it passes.
 *
 * The schema describes error events only and is stricter than most servers. Its source and licence stand in NOTICE.
 */
export function schemaErrors(event: unknown): string[] {
  validate ??= compile();
  if (validate(event)) return [];
  const seen = new Set<string>();
  for (const { instancePath, message, params, keyword } of validate.errors ?? []) {
    // "anyOf" only repeats that its branches failed; the reason is in the branches.
    if (keyword === "anyOf" || keyword === "oneOf") continue;
    const extra =
      params["additionalProperty"] === undefined ? "" : `: ${String(params["additionalProperty"])}`;
    seen.add(`${instancePath === "" ? "/" : instancePath} ${message ?? keyword}${extra}`);
    if (seen.size === MOST_ERRORS) break;
  }
  return seen.size === 0 ? ["the event does not match"] : [...seen];
}

/** Compiled on first need: it takes longer than everything else a short test does. */
function compile(): ValidateFunction {
  const ajv = new Ajv({ allErrors: false, strict: false, validateFormats: false, allowUnionTypes: true });
  return ajv.compile(schema);
}
