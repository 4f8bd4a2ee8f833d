/**
 * `@corvid/core/testing/jest`: adds Corvid's matchers to Jest's `expect`, and their types. Name it in
 * `setupFilesAfterEnv`.
 *
 * @packageDocumentation
 */

import { messageText } from "./model/messages.js";
import { type CorvidMatchers, corvidMatchers } from "./testing.js";

declare global {
  /** Jest's own types, where they are installed. */
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: parameters must be those of Jest's own interface
    interface Matchers<R, T = {}> extends CorvidMatchers<R> {}
  }
}

// biome-ignore lint/suspicious/noTsIgnore: it must hold where they are installed and where they are not
/** @ts-ignore: the types of `@jest/globals`, where they are installed */
declare module "expect" {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends CorvidMatchers<R> {}
}

const { expect } = globalThis as { expect?: { extend(matchers: typeof corvidMatchers): void } };
if (expect === undefined) {
  const form = "a global expect; without, call expect.extend(corvidMatchers) yourself";
  throw new TypeError(messageText("bad-expectation", "@corvid/core/testing/jest", form, "none"));
}
expect.extend(corvidMatchers);
