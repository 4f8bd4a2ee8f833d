/** Load on a local HTTP server: a number of GET requests over kept connections. */
import { Agent, get } from "node:http";

/**
 * Sends `count` requests and reads every answer.
 *
 * @param {string} url
 * @param {{ count: number, connections: number }} size
 * @throws when an answer is not 200
 */
export async function load(url, { count, connections }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = count;
  try {
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (left > 0) {
          left -= 1;
          await ask(url, agent);
        }
      }),
    );
  } finally {
    agent.destroy();
  }
}

function ask(url, agent) {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.on("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${url} answered ${response.statusCode}`)),
      );
    });
    request.on("timeout", () => request.destroy(new Error(`${url} does not answer`)));
    request.on("error", reject);
  });
}
