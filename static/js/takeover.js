// Asking for a room that somebody else presents in.

import { refusalOf, RESPONSE_WITHIN } from './httpsession.js';
import { roomURL } from './room.js';
import { randomWord } from './secret.js';

/** The relay forgets what is not asked again. */
const ASK_EVERY = 2_000;
/** Whoever has not answered by then will not. */
const PATIENCE = 90_000;

/** @typedef {'none'|'asking'|'granted'|'declined'|'unanswered'|'late'} Asking */

/**
 * @typedef {object} TakeOverOptions
 * @property {string} room
 * @property {typeof fetch} request
 * @property {() => Record<string, string>} headers  what opens the room for presenting
 * @property {(secret: string) => void} granted      the room is for whoever joins with this
 * @property {() => void} lapsed                     no longer
 * @property {() => void} changed
 */

/** One question at a time, repeated until there is an answer. Owns its secret and its timer. */
export class TakeOver {
  #options;
  /** @type {Asking} */ #state = 'none';
  #secret = '';
  #name = '';
  /** Since when it is asked, in milliseconds of Date.now(). */
  #since = 0;
  /** The relay answered when it was asked last. */
  #reached = true;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;

  /** @param {TakeOverOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get state() {
    return this.#state;
  }

  get reached() {
    return this.#reached;
  }

  /** @param {string} name  empty where the person gives none */
  ask(name) {
    this.#name = name;
    this.#secret = randomWord();
    this.#since = Date.now();
    this.#reached = true;
    this.#become('asking');
    void this.#repeat();
  }

  /** Nothing is wanted any more. */
  cancel() {
    const asked = this.#state === 'asking' || this.#state === 'granted';
    this.end();
    if (asked) this.#post({ withdraw: true }).catch(() => {});
  }

  /** The page goes away, and may come back: as somebody else who asks, or to the room that it was granted. */
  leave() {
    if (this.#state === 'asking') this.cancel();
  }

  /** The room is taken, or free: there is nothing to ask. */
  end() {
    this.#become('none');
  }

  async #repeat() {
    const secret = this.#secret;
    const state = await this.#post({}).catch(() => null);
    if (secret !== this.#secret || (this.#state !== 'asking' && this.#state !== 'granted')) return;
    this.#reached = state !== null;
    this.#answered(state);
    if (this.#state !== 'asking' && this.#state !== 'granted') return;
    this.#timer = setTimeout(() => void this.#repeat(), ASK_EVERY);
    this.#options.changed();
  }

  /** @param {string|null} answer */
  #answered(answer) {
    const granted = this.#state === 'granted';
    if (answer === 'free') return this.end();
    if (answer === 'granted' && !granted) {
      this.#become('granted');
      return this.#options.granted(this.#secret);
    }
    // A question that is new to the relay is one that it has forgotten.
    if (granted && (answer === 'declined' || answer === 'waiting')) return this.#lapse();
    if (answer === 'declined') return this.#become('declined');
    if (!granted && Date.now() - this.#since >= PATIENCE) this.#give();
  }

  /** It was granted, and not used. */
  #lapse() {
    this.#post({ withdraw: true }).catch(() => {});
    // First: where the room is still ours there is nothing to ask, nor to say of it.
    this.#options.lapsed();
    this.#become('late');
  }

  #give() {
    this.#post({ withdraw: true }).catch(() => {});
    this.#become('unanswered');
  }

  /** @param {Asking} state */
  #become(state) {
    clearTimeout(this.#timer);
    if (state === this.#state) return;
    this.#state = state;
    this.#options.changed();
  }

  /**
   * What has become of the question.
   * @param {{withdraw?: true}} fields
   * @returns {Promise<string>}
   */
  async #post(fields) {
    const { room, request, headers } = this.#options;
    const body = JSON.stringify({ secret: this.#secret, name: this.#name || undefined, ...fields });
    const response = await request(`${roomURL(room)}/requests`, {
      method: 'POST', headers: { ...headers(), 'Content-Type': 'application/json' }, body, cache: 'no-store', signal: AbortSignal.timeout(RESPONSE_WITHIN),
      // It is withdrawn by a page that goes away, too.
      keepalive: fields.withdraw,
    });
    if (!response.ok) throw await refusalOf(response);
    return (await response.json()).state;
  }
}
