globalThis.corvid.captureMessage("before");
process.kill(process.pid, "SIGKILL");
