import type { SdkInfo } from "../transport/envelope.js";

declare const __CORVID_VERSION__: string | undefined;

/** Who speaks: name and version as servers see them. The build puts the version in. */
export const SDK: SdkInfo = {
  name: "corvid.node",
  version: typeof __CORVID_VERSION__ === "string" ? __CORVID_VERSION__ : "0.0.0-source",
};
