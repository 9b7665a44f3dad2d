// Which way signaling takes: a WebSocket, or HTTP where no WebSocket gets through.

import { HttpSession } from './httpsession.js';
import { HttpSocket } from './httpsocket.js';
import { endpoint, roomURL } from './room.js';

/** @import { Socket } from './signaling.js' */

/** So many WebSockets in a row that heard nothing while the relay answers HTTP: none will. */
const ATTEMPTS = 2;
/** A relay that answers by then is there. */
const ANSWER_WITHIN = 4_000;
/** How soon a WebSocket is tried again: networks change, and so do proxies. */
const TRY_AGAIN = 60_000;
/** By then the relay has found out that a WebSocket is lost, and given up its place; and one more was tried. */
const PLACE_KEPT = 75_000;

/**
 * @typedef {object} DoorsOptions
 * @property {'push'|'pull'} page
 * @property {string} room
 * @property {typeof fetch} [request]
 * @property {(url: string) => WebSocket} [createSocket]
 */

/** Opens sockets for one page. Owns the choice of the way. */
export class Doors {
  #page;
  #room;
  #request;
  #createSocket;
  #session;
  /** WebSockets that something kept from the relay, since the last message of one. */
  #blocked = 0;
  /** A WebSocket was heard, and nothing has been tried over HTTP since. */
  #heard = false;
  /** Until when the relay may keep the place of a WebSocket for another one. */
  #keptUntil = 0;
  /** When a WebSocket was made. */
  #triedAt = 0;
  /** Asks whether the relay is there. @type {AbortController|null} */ #asking = null;

  /** @param {DoorsOptions} options */
  constructor({ page, room, request = fetch.bind(globalThis), createSocket = (url) => new WebSocket(url) }) {
    this.#page = page;
    this.#room = room;
    this.#request = request;
    this.#createSocket = createSocket;
    this.#session = new HttpSession(endpoint(page, room), request);
  }

  /**
   * @param {string} url  of the WebSocket
   * @returns {Socket}
   */
  open(url) {
    if (this.#shut) return this.#overHTTP();
    this.#triedAt = Date.now();
    try {
      return this.#webSocket(url);
    } catch {
      // Browsers that have none, or are told to make none, say so at once.
      this.#blocked = ATTEMPTS;
      return this.#overHTTP();
    }
  }

  /** No WebSocket is worth a try now. */
  get #shut() {
    return this.#blocked >= ATTEMPTS && (this.#presents || Date.now() - this.#triedAt < TRY_AGAIN);
  }

  /** What this page presents, it presents over HTTP: to a WebSocket the room would be busy. */
  get #presents() {
    const { location, lingers } = this.#session;
    return this.#page === 'push' && (location !== '' || (lingers && Date.now() >= this.#keptUntil));
  }

  /** @param {string} url */
  #webSocket(url) {
    const socket = this.#createSocket(url);
    let heard = false;
    socket.addEventListener('message', () => {
      if (!heard) this.#works();
      heard = true;
    });
    socket.addEventListener('close', () => {
      if (!heard) void this.#count();
    });
    return socket;
  }

  /** The relay was heard: what is had over HTTP is over. */
  #works() {
    this.#blocked = 0;
    this.#heard = true;
    this.#asking?.abort();
    this.#asking = null;
    // If it does not hear this, it finds out.
    this.#session.leave().catch(() => {});
  }

  /** A relay that does not answer at all is not there, and lets nothing in. */
  async #count() {
    // Of several that failed without a network, each would be answered for once it is back.
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const timer = setTimeout(() => asking.abort(), ANSWER_WITHIN);
    const answers = await this.#request(roomURL(this.#room), { cache: 'no-store', signal: asking.signal }).then(({ ok }) => ok, () => false);
    clearTimeout(timer);
    if (asking !== this.#asking) return;
    this.#asking = null;
    this.#blocked = answers ? this.#blocked + 1 : 0;
  }

  #overHTTP() {
    const role = this.#page === 'push' ? /** @type {const} */ ('publisher') : 'viewer';
    if (this.#heard) this.#keepPlace();
    return new HttpSocket({ role, room: this.#room, session: this.#session, request: this.#request });
  }

  /** What the room is busy with at first is our own. */
  #keepPlace() {
    this.#heard = false;
    this.#keptUntil = Date.now() + PLACE_KEPT;
    this.#session.linger(PLACE_KEPT);
  }
}
