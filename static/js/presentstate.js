// What a presenter's page shows, out of what is known. Pure.

import { needsKey } from './refusals.js';

/** @import { Room, ErrorMessage } from './messages.js' */
/** @import { LinkState } from './link.js' */

/** @typedef {'loading'|'ready'|'connecting'|'live'|'held'|'key'|'failed'|'ended'} PresentState */

/**
 * @typedef {object} PresentFacts
 * @property {Room|null} room            null before the first welcome
 * @property {boolean} up                the signaling WebSocket is joined
 * @property {boolean} mine              whatever is live in this room is ours
 * @property {boolean} sharing           there is a source to send
 * @property {boolean} ended             there was one
 * @property {boolean} granted           whoever presents here hands over to us
 * @property {boolean} keyed             something to open the room was shown
 * @property {LinkState} link
 * @property {ErrorMessage|null} refusal why the relay does not let us in, or present
 * @property {string|null} unable        why this browser cannot present here, as a key
 */

/**
 * @param {PresentFacts} facts
 * @returns {PresentState}
 */
export function presentState(facts) {
  if (facts.unable) return 'failed';
  if (needsKey(facts.refusal, facts.keyed)) return 'key';
  if (facts.refusal) return facts.refusal.code === 'room-busy' ? 'held' : 'failed';
  if (facts.sharing) return sharingState(facts);
  if (!facts.room) return facts.up ? 'loading' : 'failed';
  if (!facts.up) return 'failed';
  if (facts.room.state !== 'idle' && !facts.mine) return 'held';
  return facts.ended ? 'ended' : 'ready';
}

/**
 * @param {PresentFacts} facts
 * @returns {PresentState}
 */
function sharingState({ link }) {
  if (link === 'connected') return 'live';
  return link === 'failing' ? 'failed' : 'connecting';
}

/**
 * Whether what is presented in a room is ours.
 * @param {Room} room          as it is now
 * @param {PresentFacts} facts as they were
 * @param {boolean} leaving    we have stopped, and the relay has not said yet that it knows
 */
export function isOurs({ state }, { sharing, mine, granted, room }, leaving) {
  if (granted) return true;
  // Whoever is let in at first while the room is not idle is the one it is held for.
  return sharing || (state !== 'idle' && (mine || leaving || room === null));
}

/** Since when somebody else presents. @param {PresentFacts} facts */
export function heldSince({ refusal, room }) {
  return refusal?.since ?? room?.since ?? null;
}

/** Whether those who watch are ours to manage. @param {PresentFacts} facts */
export function manages({ mine, granted, room }) {
  return mine && !granted && room !== null && room.state !== 'idle';
}

/**
 * The key of the sentence that belongs to a state.
 * @param {PresentState} state
 * @param {PresentFacts} facts
 */
export function presentText(state, facts) {
  switch (state) {
    case 'failed': return failedText(facts);
    case 'held': return heldSince(facts) ? 'push.held' : 'push.held-unknown';
    case 'key': return facts.refusal?.reason === 'expired' ? 'push.expired' : 'push.key';
    case 'ready': if (facts.granted) return 'push.granted';
      return facts.room?.state === 'away' ? 'push.resume' : 'push.ready';
    case 'connecting': return facts.link === 'lost' ? 'push.reconnecting' : 'push.connecting';
    default: return `push.${state}`;
  }
}

/**
 * Whether the page came, and its socket has never reached the relay.
 * @param {PresentState} state
 * @param {PresentFacts} facts
 */
export function cutOff(state, facts) {
  return presentText(state, facts) === 'push.unreachable' && !facts.room;
}

/** @param {PresentFacts} facts */
function failedText({ unable, refusal, sharing }) {
  if (unable) return unable;
  if (refusal) return `error.${refusal.code}`;
  return sharing ? 'push.failing' : 'push.unreachable';
}
