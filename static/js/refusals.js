// What follows from the relay's no. Pure.

/** @import { Credential } from './identity.js' */
/** @import { ErrorMessage } from './messages.js' */

/** @typedef {'again'|'wake'|'person'} Until  when the relay is asked again: by itself, when the world may have changed, when a person wants it */

/** Codes that are for whoever stands at the door. Over HTTP they may come as late as with the offer. */
const SHUT = new Set(['unauthorized', 'forbidden', 'room-full']);

/**
 * Whether there is no place for us in the room.
 * @param {Pick<ErrorMessage, 'code'>} error
 */
export function shutsOut({ code }) {
  return SHUT.has(code);
}

/**
 * What asking again waits for.
 * @param {Pick<ErrorMessage, 'code'|'reason'>} error
 * @returns {Until}
 */
export function untilOf({ code, reason = '' }) {
  if (reason === 'removed' || reason === 'blocked') return 'person';
  if (code === 'unauthorized') return 'wake';
  return code === 'forbidden' && reason !== 'locked' ? 'wake' : 'again';
}

/**
 * Whether another key may open the door.
 * @param {Pick<ErrorMessage, 'code'|'reason'>|null} error
 * @param {boolean} tried  one was shown
 */
export function needsKey(error, tried) {
  if (error?.code === 'unauthorized') return true;
  return error?.code === 'forbidden' && !error.reason && tried;
}

/**
 * The key of the sentence about a refusal.
 * @param {Pick<ErrorMessage, 'code'|'reason'>} refusal
 * @param {Credential|null} shown  what was refused; null for nothing
 * @param {string} needed          the sentence where nothing was
 */
export function keyText({ code, reason }, shown, needed) {
  if (reason === 'expired') return 'key.expired';
  if (!shown) return needed;
  if (code === 'forbidden') return 'key.short';
  return shown.kind === 'token' ? 'key.wrong-link' : 'key.wrong';
}
