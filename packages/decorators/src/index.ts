/**
 * `@corvid/decorators`: report what goes wrong in methods and classes.
 *
 * @packageDocumentation
 */

export { captureExceptions } from "./capture-exceptions.js";
export type {
  AnyClass,
  AnyMethod,
  CaptureDecorator,
  LegacyDecorator,
  StandardDecorator,
} from "./decorator-types.js";
