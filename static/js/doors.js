// Which way signaling takes: a WebSocket, or HTTP where no WebSocket gets through.

import { HttpSession } from './httpsession.js';
import { HttpSocket } from './httpsocket.js';
import { endpoint, roomURL } from './room.js';

/** @import { Socket } from './signaling.js' */

/** So many WebSockets in a row that cannot be opened while the relay answers HTTP: none will. */
const ATTEMPTS = 2;

/**
 * @typedef {object} DoorsOptions
 * @property {'push'|'pull'} page
 * @property {string} room
 * @property {typeof fetch} [request]
 * @property {(url: string) => WebSocket} [createSocket]
 */

/** Opens sockets for one page. Owns the choice: the way that was open once stays. */
export class Doors {
  #page;
  #room;
  #request;
  #createSocket;
  #session;
  /** A WebSocket was open. */
  #opened = false;
  /** WebSockets in a row that something kept from the relay. */
  #blocked = 0;

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
    if (this.#blocked >= ATTEMPTS) return this.#overHTTP();
    try {
      return this.#webSocket(url);
    } catch {
      // Browsers that have none, or are told to make none, say so at once.
      this.#blocked = ATTEMPTS;
      return this.#overHTTP();
    }
  }

  /** @param {string} url */
  #webSocket(url) {
    const socket = this.#createSocket(url);
    socket.addEventListener('open', () => { this.#opened = true; });
    socket.addEventListener('close', () => {
      if (!this.#opened) void this.#count();
    });
    return socket;
  }

  /** A relay that does not answer at all is not there, and lets nothing in. */
  async #count() {
    const answers = await this.#request(roomURL(this.#room), { cache: 'no-store' }).then(({ ok }) => ok, () => false);
    this.#blocked = answers ? this.#blocked + 1 : 0;
  }

  #overHTTP() {
    const role = this.#page === 'push' ? /** @type {const} */ ('publisher') : 'viewer';
    return new HttpSocket({ role, room: this.#room, session: this.#session, request: this.#request });
  }
}
