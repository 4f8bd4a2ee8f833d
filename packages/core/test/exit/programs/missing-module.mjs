await import("./there-is-no-such-file.mjs");
