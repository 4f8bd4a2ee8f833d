import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** The quick suites by default; with `CORVID_SUITE=slow` those that need more of the machine. */
const isSlow = process.env.CORVID_SUITE === "slow";
/** Without `import`: vitest hands these on to Node, whose `require` must not be given ES modules. */
const conditions = ["corvid-source", "module", "node"];

/** Unit tests run on the sources, through the `corvid-source` export condition; suites that start processes run on the build. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["node"] }, noExternal: [/^@corvid\//] },
  test: {
    include: isSlow
      ? ["{packages,examples}/*/test/slow/*.test.ts", "scripts/test/slow/*.test.ts"]
      : ["{packages,examples}/*/**/*.test.ts", "{test-server,docs,scripts}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", ...(isSlow ? [] : ["**/test/slow/**"])],
    setupFiles: ["./packages/core/test/support/balance.ts"],
    // By default one processor of two would have nothing to do, while half of the suites wait for processes they started.
    ...(isSlow ? {} : { maxWorkers: Math.max(2, availableParallelism() - 1) }),
    testTimeout: isSlow ? 60_000 : 15_000,
    reporters: ["default", "./scripts/totals-reporter.ts"],
  },
});
