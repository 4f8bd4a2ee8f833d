import type { Integration } from "../../client/integration.js";
import { addBreadcrumb } from "../../context/api.js";

let users = 0;

/** Keeps Node's warnings as breadcrumbs: deprecations, leaking listeners and the like often come before a failure. */
export const nodeWarnings: Integration = {
  name: "node-warnings",
  setup() {
    if (users++ === 0) process.on("warning", onWarning);
    return () => {
      if (--users === 0) process.off("warning", onWarning);
    };
  },
};

function onWarning(warning: Error & { readonly code?: unknown }): void {
  const { name, message, code } = warning;
  addBreadcrumb({
    category: "node.warning",
    level: "warning",
    message: `${name}: ${message}`,
    ...(typeof code === "string" ? { data: { code } } : {}),
  });
}
