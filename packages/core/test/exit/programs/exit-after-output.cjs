globalThis.corvid.captureException(new Error("caught"));
process.stdout.write("x".repeat(50_000));
process.exit(0);
