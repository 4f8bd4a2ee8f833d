/**
 * `@corvid/core/register`: starts reporting before the application's own code, with what the environment says:
 * `node --import @corvid/core/register app.js`.
 *
 * @packageDocumentation
 */

import { init } from "./node/client.js";

init();
