import type { Breadcrumb } from "../../event.js";
import { unobserved } from "../../hook-guard.js";
import type { Scope } from "../../scope.js";

/**
 * Leaves a breadcrumb of something the application did, in the scope it did it in. Outside of any request it is told by
 * the process's own events alone.
 */
export function leaveSeenStep(scope: Scope, crumb: Breadcrumb): void {
  // A `beforeBreadcrumb` that does the same thing itself would otherwise go round in circles.
  unobserved(() => scope.addBreadcrumb(crumb, { passOn: false }));
}
