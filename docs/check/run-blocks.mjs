/**
 * Runs blocks of the pages, one after the other, in a process that has the application's own words: `order`, `app`.
 * Prints a line for each that fails, and one at the end.
 *
 *     node run-blocks.mjs shop.mjs block.mjs …
 */
import { pathToFileURL } from "node:url";

const [shop, ...blocks] = process.argv.slice(2);
const { createShop } = await import(pathToFileURL(shop).href);

for (const file of blocks) {
  Object.assign(globalThis, createShop());
  const tooLong = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("not done after 5 s")), 5000).unref();
  });
  try {
    await Promise.race([import(pathToFileURL(file).href), tooLong]);
  } catch (error) {
    process.stdout.write(`\nrun-blocks: ${JSON.stringify({ file, error: String(error?.stack ?? error) })}\n`);
  }
}
process.stdout.write(`\nrun-blocks: ${JSON.stringify({ ran: blocks.length })}\n`);
process.exit(0);
