/**
 * `@corvid/core/register`: starts reporting before the application's own code, configured by environment variables:
 * `node --import @corvid/core/register app.js`. `CORVID_SPOOL` (`1`, or a directory) adds a spool.
 *
 * @packageDocumentation
 */

import { init } from "./node/client.js";
import { fileSpool } from "./node/spool/file-spool.js";

const spool = process.env["CORVID_SPOOL"] ?? "";

init(spool === "" || spool === "0" ? {} : { spool: fileSpool(spool === "1" ? {} : { dir: spool }) });
