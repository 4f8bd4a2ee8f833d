import { AsyncLocalStorage } from "node:async_hooks";
import { noteVersion } from "../client/copies.js";
import type { ClientOptions, Switches } from "../client/options.js";
import type { ClientStats } from "../client/stats.js";
import { CorvidClient } from "../client.js";
import {
  type CaptureTarget,
  type Context,
  installContextStorage,
  processScope,
  setCurrentClient,
  unsetCurrentClient,
  whenClientIsMissing,
} from "../context/current.js";
import { Scope } from "../context/scope.js";
import { SDK } from "../model/sdk.js";
import { absenceNotices } from "./absence.js";
import { nodePlatform } from "./platform.js";
import { openRequestScopes } from "./request-scopes.js";

noteVersion(SDK.version);
whenClientIsMissing(absenceNotices.client);
installContextStorage(() => new AsyncLocalStorage<Context>());

/** A client for Node, with a scope of its own. Making one does not change which client is the current one. */
export interface Client extends CaptureTarget {
  /** What became of all captures so far. */
  stats(): ClientStats;
  /**
   * Switches reporting off and on, or samples it, while the application runs: for a bad night.
   *
   * @throws {OptionsError} for values that `init` would not take
   */
  configure(switches: Switches): void;
}

/** What {@link Client} is to those who make one. */
export interface ClientConstructor {
  /**
   * @throws {OptionsError} for an option that cannot be used, saying what was expected and what came
   * @throws {DsnError} for a `dsn` that cannot be used; one in the environment only warns
   */
  new (options?: ClientOptions): Client;
  readonly prototype: Client;
}

const NodeClient = class Client extends CorvidClient {
  readonly #leaveRequests: (() => void) | undefined;

  constructor(options: ClientOptions = {}, scope: Scope = new Scope()) {
    super(options, nodePlatform(), scope);
    if (!this.enabled) absenceNotices.dsn(options);
    if (this.enabled) this.#leaveRequests = openRequestScopes(this);
  }

  override async close(timeoutMs?: number): Promise<boolean> {
    unsetCurrentClient(this);
    this.#leaveRequests?.();
    return super.close(timeoutMs);
  }
};

/** The class of {@link Client}; its parts are private. */
export const Client: ClientConstructor = NodeClient;

/**
 * Starts reporting: creates a client and makes it the current one. With no DSN, in `options` or as `SENTRY_DSN`, it is
 * a quiet no-op. Called again, the new client takes over and the one before sends what it holds and ends.
 *
 * @throws {OptionsError} for an option that cannot be used, saying what was expected and what came
 * @throws {DsnError} for a `dsn` that cannot be used; one in the environment only warns
 */
export function init(options: ClientOptions = {}): Client {
  const client = new NodeClient(options, processScope());
  const previous = setCurrentClient(client);
  void previous?.close();
  return client;
}
