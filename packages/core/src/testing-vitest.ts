/**
 * `@corvid/core/testing/vitest`: adds Corvid's matchers to Vitest's `expect`, and their types. Import it once, in a
 * setup file.
 *
 * @packageDocumentation
 */

// Stays in the declarations, where the other one does not, and without which they would add to nothing.
import "vitest";
import { expect } from "vitest";
import { type CorvidMatchers, corvidMatchers } from "./testing.js";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: parameters must be those of Vitest's own interface
  interface Assertion<T = any> extends CorvidMatchers<void> {}
}

expect.extend(corvidMatchers);
