/** Arguments of one call, each of which takes up 8 bytes of the stack. */
function slots(kibibytes: number): readonly undefined[] {
  return Array.from({ length: kibibytes * 128 }, () => undefined);
}

/** A setter takes less, a regular expression that has to be compiled included. */
const SETTER = slots(16);
/** V8 compiles a function that is called for the first time only where 40 KiB are left. */
const CAPTURE = slots(56);

function nothing(): void {}

/**
 * Throws when little of the stack is left. Functions that are called anywhere ask before they change anything: an
 * overflow in the middle of a capture would leave it half counted, and one while V8 compiles a regular expression ends
 * the process.
 *
 * @throws {RangeError}
 */
export function needStack(): void {
  Reflect.apply(nothing, undefined, SETTER);
}

/** Like {@link needStack}, for captures. @throws {RangeError} */
export function needCaptureStack(): void {
  Reflect.apply(nothing, undefined, CAPTURE);
}
