/** No client, but one that reads the stack of every error: less cannot be done by one that tells failures apart. */
export const title = "(only reads the stack)";
export const protocol = "sentry";
export const packages = [];

export async function start() {}

export function capture(error) {
  return error.stack.length;
}
