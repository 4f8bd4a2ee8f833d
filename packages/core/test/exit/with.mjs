// Preloaded: the program runs with Corvid.
import { captureException, captureMessage, close, flush, init } from "@corvid/core";

// Not the default deadline: the machine may be doing much else.
init({ shutdownTimeoutMs: 15_000 });
globalThis.corvid = { captureException, captureMessage, close, flush };
