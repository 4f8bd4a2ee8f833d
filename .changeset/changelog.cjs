/**
 * How changesets are told in a changelog: as they were written. All packages share one version, so there is nothing to
 * tell of the dependencies among them.
 */
module.exports = {
  getReleaseLine: async ({ summary }) => `- ${summary.trim().replaceAll("\n", "\n  ")}`,
  getDependencyReleaseLine: async () => "",
};
