/**
 * What a published manifest leaves out: the condition that leads to the sources, what builds and tests them, and the
 * tools that takes. None of it is in the tarball.
 */
function beforePacking({ scripts, devDependencies, corvid, ...manifest }) {
  const { exports, sideEffects } = manifest;
  return {
    ...manifest,
    exports: withoutSources(exports),
    sideEffects: Array.isArray(sideEffects)
      ? sideEffects.filter((path) => !path.startsWith("./src/"))
      : sideEffects,
  };
}

function withoutSources(target) {
  if (typeof target !== "object") return target;
  const kept = Object.entries(target).filter(([condition]) => condition !== "corvid-source");
  return Object.fromEntries(kept.map(([condition, inner]) => [condition, withoutSources(inner)]));
}

module.exports = { hooks: { beforePacking } };
