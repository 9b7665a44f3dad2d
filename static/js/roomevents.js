// The server-sent events of a WHEP session: that something changed.

import { RESPONSE_WITHIN } from './httpsession.js';

const TYPES = ['active', 'inactive', 'viewercount'];

/**
 * @typedef {object} EventsOptions
 * @property {string} url                                  where a stream of them is asked for
 * @property {typeof fetch} request
 * @property {(viewers?: number) => void} changed          something did, or they ended; the count where it is all that did
 * @property {(url: string) => EventSource} [createSource]
 */

/** One stream of events. Owns it. */
export class RoomEvents {
  #options;
  /** @type {EventSource|null} */ #source = null;
  #closed = false;

  /** @param {EventsOptions} options */
  constructor(options) {
    this.#options = options;
    // Where there are none, polling has to do.
    this.#start().catch(() => {});
  }

  get url() {
    return this.#options.url;
  }

  /** They are coming. */
  get open() {
    return this.#source?.readyState === 1;
  }

  close() {
    this.#closed = true;
    const source = this.#source;
    this.#source = null;
    if (!source) return;
    source.close();
    this.#end(source.url);
  }

  async #start() {
    const { url, request, changed, createSource = (location) => new EventSource(location) } = this.#options;
    const headers = { 'Content-Type': 'application/json' };
    const response = await request(url, { method: 'POST', headers, body: JSON.stringify(TYPES), signal: AbortSignal.timeout(RESPONSE_WITHIN) });
    const location = response.headers.get('Location');
    if (!response.ok || !location) return;
    if (this.#closed) return this.#end(location);
    this.#source = createSource(location);
    for (const type of TYPES) this.#source.addEventListener(type, ({ data }) => changed(JSON.parse(data).viewercount));
    this.#source.onerror = () => changed();
  }

  /** The relay keeps few for a session. If it does not hear this, it ends them with the session. @param {string} location */
  #end(location) {
    this.#options.request(location, { method: 'DELETE', keepalive: true }).catch(() => {});
  }
}
