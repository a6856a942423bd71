/**
 * Errors of the core, and what people read: what happened, and what to do. The
 * codes are `rooms.Code` and the few of the bridge itself; a test sees to it that
 * none is without words.
 */
import { m } from "../paraglide/messages.js";
import type { Failure } from "./protocol";
import type { Code } from "./types.gen";

/** Codes of the bridge, beside those of the core. */
export type BridgeCode = "interrupted" | "busy_elsewhere" | "core_stopped" | "core_unreachable";

export class CoreError extends Error {
  readonly code: string;
  /** Technical, for a report; shown only when asked for. */
  readonly detail: string | undefined;
  /** The wrong field of a command, when `code` is "invalid". */
  readonly field: string | undefined;

  constructor(failure: Failure) {
    super(failure.code);
    this.name = "CoreError";
    this.code = failure.code;
    this.detail = failure.detail ?? failure.message;
    this.field = failure.field;
  }

  /** Whatever was thrown, as a CoreError. */
  static of(thrown: unknown): CoreError {
    if (thrown instanceof CoreError) return thrown;
    return new CoreError({ code: "internal", detail: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

/** What a person reads about an error. */
export interface Explained {
  /** What happened. */
  readonly title: string;
  /** What to do. */
  readonly advice: string;
  /** Something may be wrong with the security of the conversation. */
  readonly grave: boolean;
}

const say = (title: () => string, advice: () => string, grave = false) => ({ title, advice, grave });

const WORDS: Record<Code | BridgeCode, ReturnType<typeof say>> = {
  not_consented: say(m.error_not_consented, m.error_not_consented_do),
  withdrawn: say(m.error_withdrawn, m.error_withdrawn_do),
  expired: say(m.error_expired, m.error_expired_do),
  old_receipt: say(m.error_old_receipt, m.error_old_receipt_do),
  not_member: say(m.error_not_member, m.error_not_member_do),
  not_allowed: say(m.error_not_allowed, m.error_not_allowed_do),
  stale_epoch: say(m.error_stale_epoch, m.error_stale_epoch_do),
  removal_pending: say(m.error_removal_pending, m.error_removal_pending_do),
  bad_signature: say(m.error_bad_signature, m.error_bad_signature_do, true),
  forged_author: say(m.error_forged_author, m.error_forged_author_do, true),
  replay: say(m.error_replay, m.error_replay_do, true),
  forked: say(m.error_forked, m.error_forked_do, true),
  bad_chain: say(m.error_bad_chain, m.error_bad_chain_do, true),
  bad_commit: say(m.error_bad_commit, m.error_bad_commit_do, true),
  bad_certificate: say(m.error_bad_certificate, m.error_bad_certificate_do, true),
  malformed: say(m.error_malformed, m.error_malformed_do),
  too_large: say(m.error_too_large, m.error_too_large_do),
  unknown_room: say(m.error_unknown_room, m.error_unknown_room_do),
  unknown: say(m.error_unknown, m.error_unknown_do),
  conflict: say(m.error_conflict, m.error_conflict_do),
  frozen: say(m.error_frozen, m.error_frozen_do),
  sealed: say(m.error_sealed, m.error_sealed_do),
  not_signer: say(m.error_not_signer, m.error_not_signer_do),
  changed: say(m.error_changed, m.error_changed_do, true),
  invalid: say(m.error_invalid, m.error_invalid_do),
  rate_limited: say(m.error_rate_limited, m.error_rate_limited_do),
  unauthorised: say(m.error_unauthorised, m.error_unauthorised_do),
  unavailable: say(m.error_unavailable, m.error_unavailable_do),
  internal: say(m.error_internal, m.error_internal_do),
  interrupted: say(m.error_interrupted, m.error_interrupted_do),
  busy_elsewhere: say(m.error_busy_elsewhere, m.error_busy_elsewhere_do),
  core_stopped: say(m.error_core_stopped, m.error_core_stopped_do),
  core_unreachable: say(m.error_core_unreachable, m.error_core_unreachable_do),
};

/** What happened and what to do, in the reader's language, for any code. */
export function explain(code: string): Explained {
  const words = Object.hasOwn(WORDS, code) ? WORDS[code as Code | BridgeCode] : WORDS.internal;
  return { title: words.title(), advice: words.advice(), grave: words.grave };
}
