import type { Finding } from "../report.js";

/** Whether this Node is one that Corvid supports. @param version - `22.11.0` */
export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isSupported = major > 20 || (major === 20 && minor >= 19);
  return {
    topic: "node",
    state: isSupported ? "ok" : "problem",
    text: `${version}, ${process.execPath}`,
    ...(isSupported ? {} : { advice: "Corvid needs Node 20.19 or newer." }),
    details: { version },
  };
}
