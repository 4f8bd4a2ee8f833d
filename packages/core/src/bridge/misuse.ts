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

/**
 * The error for a function that stands where what it returns belongs: `app.use(requestHandler)`.
 *
 * @param name - the function, as it is written: `requestHandler()`
 */
export function handlerNotCalled(name: string): TypeError {
  return new TypeError(messageText("handler-not-called", name));
}
