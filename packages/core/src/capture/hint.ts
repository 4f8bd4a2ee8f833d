import type { Attachment, Level, Mechanism, RequestInfo, User } from "../model/event.js";

/** A tag's value; written as text. */
export type TagValue = string | number | bigint | boolean;

/** A user as applications know theirs: numeric ids and keys of their own are welcome. */
export interface UserInput extends Omit<User, "id" | "data" | "geo"> {
  readonly id?: string | number | bigint;
  readonly [key: string]: unknown;
}

/** What one call knows beyond its scope. It wins over every scope; tags, extra and contexts are merged by key. */
export interface CaptureHint {
  readonly level?: Level | undefined;
  readonly tags?: Readonly<Record<string, TagValue>> | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  readonly user?: UserInput | undefined;
  readonly contexts?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** Groups events on the server; `{{ default }}` stands for the grouping that would apply without. */
  readonly fingerprint?: readonly string[] | undefined;
  readonly transaction?: string | undefined;
  /** Name of the logger that reported it. */
  readonly logger?: string | undefined;
  readonly request?: RequestInfo | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  readonly mechanism?: Mechanism | undefined;
  /** For `captureMessage`: values for the `%s` of the message, which then groups by its template. */
  readonly params?: readonly unknown[] | undefined;
}

/** What hooks learn beside the event. */
export interface EventHint {
  /** The value that was captured, alive; `undefined` for messages and events, and for what was read back from a spool. */
  readonly originalException: unknown;
  /** The capture was made by a process that has ended, and read back from its spool. */
  readonly recovered?: boolean;
}
