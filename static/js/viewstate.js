// What a viewer's page shows, out of what is known. Pure.

import { needsKey } from './refusals.js';

/** @import { Room, ErrorMessage } from './messages.js' */
/** @import { LinkState } from './link.js' */

/**
 * @typedef {'loading'|'waiting'|'live'|'away'|'unplayable'|'slow'|'reconnecting'|'failed'
 *   |'key'|'full'|'locked'|'removed'|'blocked'|'ended'} ViewState
 */

/** @type {Record<string, ViewState>} goodbyes after which a page stays away until a person wants it back */
const GONE = { removed: 'removed', blocked: 'blocked', ended: 'ended' };
/** @type {Record<string, ViewState>} what a refusal of a reason is */
const SHUT = { locked: 'locked', removed: 'removed', blocked: 'blocked' };

/**
 * @typedef {object} ViewFacts
 * @property {Room|null} room              null before the first welcome
 * @property {boolean} up                  signaling is joined
 * @property {LinkState} link
 * @property {boolean} wasConnected        media has been connected before
 * @property {boolean} wasLive             something was presented before
 * @property {boolean} stalled             no frame was decoded in the last two seconds
 * @property {boolean} picture             a frame of this presentation was decoded
 * @property {string|null} unable          why this browser cannot watch, as a key
 * @property {ErrorMessage|null} refusal   why the relay does not let us in, or connect
 * @property {boolean} keyed               something to open the room was shown
 * @property {string|null} goodbye         why the relay ended the session, until the next welcome
 * @property {ErrorMessage|null} problem   codec-unsupported or rate-limited, until frames decode again
 */

/**
 * @param {ViewFacts} facts
 * @returns {ViewState}
 */
export function viewState(facts) {
  if (facts.unable) return 'failed';
  if (facts.refusal) return refusedState(facts.refusal, facts.keyed);
  if (isGone(facts.goodbye)) return GONE[/** @type {string} */ (facts.goodbye)];
  if (!facts.room) return facts.up ? 'loading' : 'reconnecting';
  if (facts.link !== 'connected') return unconnected(facts);
  // ICE takes its time to notice; nothing of anything for a while tells as much.
  if (!facts.up && facts.stalled) return 'reconnecting';
  switch (facts.room.state) {
    case 'idle': return 'waiting';
    case 'away': return 'away';
    case 'live': return liveState(facts);
  }
}

/** Whether nobody comes back by itself after such a goodbye. @param {string|null} goodbye */
export function isGone(goodbye) {
  return goodbye !== null && goodbye in GONE;
}

/**
 * @param {ErrorMessage} refusal
 * @param {boolean} keyed
 * @returns {ViewState}
 */
function refusedState(refusal, keyed) {
  if (needsKey(refusal, keyed)) return 'key';
  if (refusal.code === 'room-full') return 'full';
  return (refusal.code === 'forbidden' && SHUT[refusal.reason ?? '']) || 'failed';
}

/**
 * @param {ViewFacts} facts
 * @returns {ViewState}
 */
function unconnected(facts) {
  // Of an idle room there is nothing to miss; over HTTP there is no connection to one.
  if (facts.room?.state === 'idle' && facts.up && facts.link !== 'failing') return 'waiting';
  return broken(facts) ? 'reconnecting' : 'loading';
}

/** @param {ViewFacts} facts */
function broken({ up, link, wasConnected }) {
  return wasConnected || !up || link === 'lost' || link === 'failing';
}

/**
 * @param {ViewFacts} facts
 * @returns {ViewState}
 */
function liveState({ problem, picture, room }) {
  if (problem) return problem.code === 'rate-limited' ? 'slow' : 'unplayable';
  const soundOnly = room?.video === null && room.audio;
  return picture || soundOnly ? 'live' : 'loading';
}

/**
 * The key of the sentence that belongs to a state; null where the picture speaks for itself.
 * @param {ViewState} state
 * @param {ViewFacts} facts
 */
export function viewText(state, facts) {
  switch (state) {
    case 'live': return null;
    case 'waiting': return facts.wasLive ? 'pull.stopped' : 'pull.waiting';
    case 'key': return facts.refusal?.reason === 'expired' ? 'pull.expired' : 'pull.key';
    case 'failed': return facts.unable ?? `error.${facts.refusal?.code}`;
    case 'reconnecting': return reconnectingText(facts);
    case 'loading': return facts.link === 'connected' ? 'pull.first-picture' : 'pull.loading';
    default: return `pull.${state}`;
  }
}

/** @param {ViewFacts} facts */
function reconnectingText({ goodbye, up, link, wasConnected }) {
  if (goodbye) return `bye.${goodbye}`;
  // The relay is there, its media does not get through.
  if (up && link === 'failing') return 'bye.never-connected';
  return wasConnected ? 'pull.reconnecting' : 'pull.unreachable';
}
