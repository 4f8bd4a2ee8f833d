/** How the packed package is tried beside its framework: read by scripts/smoke. */
import { snippetWith } from "../../scripts/smoke/snippets.mjs";

export const program = {
  code: snippetWith("packages/decorators/README.md", "@captureExceptions", "ts"),
  events: ["Error: No order 8", "RangeError: Order 7 has a negative total"],
};

export const bundled = ["esm"];

export const declarations = {
  imports: `import { captureExceptions } from "@corvid/decorators";`,
  uses: ["captureExceptions"],
};
