// The presenter's hand: who is in the room, and what may be done about it.

import { Refusal, refusalOf, RESPONSE_WITHIN } from './httpsession.js';
import { roomURL } from './room.js';

const LOOK_EVERY = 2_000;

/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string|null} name
 * @property {string} since           RFC 3339
 * @property {string|null} browser
 * @property {'websocket'|'whep'} via
 * @property {boolean} connected
 * @property {string|null} codec
 * @property {number} bitrate         bit/s
 * @property {number} loss            0 to 1
 * @property {number|null} rtt        s
 * @property {boolean} picture        it is seen
 * @property {string|null} trouble    a code
 */

/** @typedef {{id: string, name: string|null, since: string}} Named  somebody who is blocked, or who asks for the room */

/**
 * @typedef {object} People
 * @property {boolean} locked
 * @property {number|null} maxViewers
 * @property {Person[]} viewers
 * @property {Named[]} blocked
 * @property {Named[]} requests
 */

/**
 * @typedef {object} ManageOptions
 * @property {string} room
 * @property {typeof fetch} request
 * @property {() => string} secret       of the session that presents
 * @property {() => void} changed        the people, or whether they are known
 */

/** What is not there any more is gone, as was wanted. @param {string|null} code */
function gone(code) {
  return code === 'not-found' ? null : code;
}

/**
 * The key of the sentence about an action that was not done.
 * @param {string} code
 */
export function failureText(code) {
  if (code === 'not-found') return 'people.gone-before';
  return code === 'unauthorized' || code === 'forbidden' ? 'people.not-yours' : 'people.failed';
}

/** Looks at the room for as long as that is wanted, and acts on it. Owns the latest list and the timer. */
export class Manage {
  #options;
  #watching = false;
  /** @type {People|null} */ #people = null;
  /** The relay answered when it was asked last. */
  #reached = true;
  /** The latest question: answers to those before it say nothing new. */
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;

  /** @param {ManageOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** Null while they are not known, or none of our business. */
  get people() {
    return this.#people;
  }

  get reached() {
    return this.#reached;
  }

  /** @param {boolean} wanted  from now on */
  watch(wanted) {
    if (wanted === this.#watching) return;
    this.#watching = wanted;
    clearTimeout(this.#timer);
    if (wanted) void this.look();
  }

  /** The room is not ours any more. */
  forget() {
    this.watch(false);
    this.#asked++;
    if (!this.#people) return;
    this.#people = null;
    this.#options.changed();
  }

  /** At once. */
  async look() {
    const asked = ++this.#asked;
    clearTimeout(this.#timer);
    const people = await this.#ask('GET', '/viewers').then((response) => response.json(), () => null);
    if (asked !== this.#asked) return;
    this.#reached = people !== null;
    this.#people = people ?? this.#people;
    if (this.#watching) this.#timer = setTimeout(() => void this.look(), LOOK_EVERY);
    this.#options.changed();
  }

  /** Nobody new gets in, or everybody. @param {boolean} locked */
  lock(locked) {
    return this.#act('PATCH', '', { locked });
  }

  /** @param {number|null} maxViewers  null: any number */
  limit(maxViewers) {
    return this.#act('PATCH', '', { maxViewers });
  }

  /** @param {string} id */
  async remove(id) {
    return gone(await this.#act('DELETE', `/viewers/${encodeURIComponent(id)}`));
  }

  /** @param {string} viewer  its id */
  block(viewer) {
    return this.#act('POST', '/blocked', { viewer });
  }

  /** @param {string} id  of what is blocked */
  async unblock(id) {
    return gone(await this.#act('DELETE', `/blocked/${encodeURIComponent(id)}`));
  }

  /** Ends the presentation for everybody. */
  end() {
    return this.#act('DELETE', '');
  }

  /** @param {string} id  of the question @param {boolean} grant */
  answer(id, grant) {
    return this.#act('POST', `/requests/${encodeURIComponent(id)}`, { grant });
  }

  /**
   * Null when it was done, else the relay's code; "unreachable" where it did not answer.
   * @param {string} method @param {string} path @param {object} [body]
   */
  async #act(method, path, body) {
    try {
      await this.#ask(method, path, body);
      return null;
    } catch (error) {
      return error instanceof Refusal ? error.told.code : 'unreachable';
    } finally {
      void this.look();
    }
  }

  /** @param {string} method @param {string} path @param {object} [body] */
  async #ask(method, path, body) {
    const { room, request, secret } = this.#options;
    /** @type {Record<string, string>} */ const headers = { Authorization: `Bearer ${secret()}` };
    if (body) headers['Content-Type'] = 'application/json';
    const response = await request(`${roomURL(room)}${path}`, {
      method, headers, body: body && JSON.stringify(body), cache: 'no-store', signal: AbortSignal.timeout(RESPONSE_WITHIN),
    });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }
}
