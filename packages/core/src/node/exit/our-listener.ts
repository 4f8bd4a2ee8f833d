/** Marks listeners of Corvid's, for all copies of it in a process: none may take another one for the application. */
const OURS = Symbol.for("@corvid/core/listener");

/** Marks a listener. @returns the same */
export function asOurs<Listener extends object>(listener: Listener): Listener {
  return Object.assign(listener, { [OURS]: true });
}

/** Whether some copy of Corvid listens here, and not the application. */
export function isOurs(listener: unknown): boolean {
  return typeof listener === "function" && OURS in listener;
}
