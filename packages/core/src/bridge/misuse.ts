import { messageText } from "../model/messages.js";

/**
 * What a decorator throws that stands where it can do nothing.
 *
 * @param decorator - its name, as it is written: `@captureExceptions`
 * @param received - what it stands at
 */
export function misplacedDecorator(decorator: string, received: string): TypeError {
  return new TypeError(messageText("misplaced-decorator", decorator, received));
}
