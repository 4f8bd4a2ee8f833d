const waiting: (() => void)[] = [];
let wake: () => void = () => undefined;

/** An endless wait, because what follows an `await` has the async context of the function, no matter which code ends the wait. */
async function runWaiting(): Promise<never> {
  for (;;) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    runAll();
  }
}

/** A function of its own, because a suspended one would keep the last task, and with it a request, alive. */
function runAll(): void {
  for (const run of waiting.splice(0)) run();
}

// An `AsyncResource` would do the same, but test runners take it for a handle that was left open.
void runWaiting();

/** Runs a task in the async context in which this module was loaded: outside of every request. */
export function runDetached<T>(task: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    waiting.push(() => task().then(resolve, reject));
    wake();
  });
}
