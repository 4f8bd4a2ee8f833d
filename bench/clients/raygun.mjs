/** Raygun, one request per error as by default. */
import { createRequire } from "node:module";

export const title = "raygun";
export const protocol = "raygun";
export const packages = ["raygun"];

let client;

export async function start(port) {
  const { Client } = createRequire(import.meta.url)("raygun");
  client = new Client().init({ apiKey: "benchkey", host: "127.0.0.1", port, useSSL: false });
}

export function capture(error) {
  client.send(error).catch(() => undefined);
}
