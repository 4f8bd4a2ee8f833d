import { AsyncLocalStorage } from "node:async_hooks";
import { CorvidClient } from "../client.js";
import { noteVersion } from "../copies.js";
import {
  type Context,
  installContextStorage,
  processScope,
  setCurrentClient,
  unsetCurrentClient,
} from "../current.js";
import type { ClientOptions } from "../options.js";
import { Scope } from "../scope.js";
import { SDK } from "../sdk.js";
import { nodePlatform } from "./platform.js";

noteVersion(SDK.version);
installContextStorage(() => new AsyncLocalStorage<Context>());

/** A client for Node, with a scope of its own. Making one does not change which client is the current one. */
export class Client extends CorvidClient {
  /**
   * @throws {OptionsError} for an option that cannot be used, saying what was expected and what came
   * @throws {DsnError} for a `dsn` that cannot be used; one in the environment only warns
   */
  constructor(options: ClientOptions = {}, scope: Scope = new Scope()) {
    super(options, nodePlatform(), scope);
  }

  override async close(timeoutMs?: number): Promise<boolean> {
    unsetCurrentClient(this);
    return super.close(timeoutMs);
  }
}

/**
 * Starts reporting: creates a client and makes it the current one. With no DSN, in `options` or as `SENTRY_DSN`, it is
 * a quiet no-op. Called again, the new client takes over and the one before sends what it holds and ends.
 *
 * @throws {OptionsError} for an option that cannot be used, saying what was expected and what came
 * @throws {DsnError} for a `dsn` that cannot be used; one in the environment only warns
 */
export function init(options: ClientOptions = {}): Client {
  const client = new Client(options, processScope());
  const previous = setCurrentClient(client);
  void previous?.close();
  return client;
}
