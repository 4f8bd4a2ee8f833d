import type { Scope } from "../../context/scope.js";
import type { Breadcrumb } from "../../model/event.js";
import { unobserved } from "../../process/hook-guard.js";

/**
 * Leaves a breadcrumb of something the application did, in the scope it did it in. Outside of any request it is told by
 * the process's own events alone.
 */
export function leaveSeenStep(scope: Scope, crumb: Breadcrumb): void {
  // A `beforeBreadcrumb` that does the same thing itself would otherwise go round in circles.
  unobserved(() => scope.addBreadcrumb(crumb, { passOn: false }));
}
