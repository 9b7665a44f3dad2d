// A relay that is only HTTP: rooms, WHIP, WHEP and its events, for one room.

import { room } from './fakes.js';

const SSE = 'urn:ietf:params:whep:ext:core:server-sent-events';
const FRAGMENT = 'a=mid:0\r\na=ice-ufrag:relay2\r\na=ice-pwd:pwd2\r\na=candidate:9 1 udp 1 192.0.2.9 9 typ host\r\na=end-of-candidates\r\n';

/** What a relay says no with. */
export function problem(status, code, retryAfter = '2', reason = undefined) {
  const headers = { 'Content-Type': 'application/problem+json', 'Retry-After': retryAfter };
  return new Response(JSON.stringify({ title: '', status, code, reason, detail: code, since: '2026-05-01T10:42:00Z' }), { status, headers });
}

/** A relay that a test talks to through `request`, as through fetch. */
export class FakeRelay {
  /** It can be reached. */
  up = true;
  room = room();
  sessions = new Set();
  /** Whose session a secret takes the place of. */
  places = new Map();
  /** Every request, like "POST /whep/math". */
  asked = [];
  /** The headers of each of them, beside it. */
  shown = [];
  /** The body of the latest request that had one. */
  body = '';
  /** Until then POSTs are not answered. */
  hold = Promise.resolve();
  /** The next POST is heard, but its answer is lost. */
  mute = false;
  /** What the next request to a path that starts so is answered with. */
  instead = null;
  /** What every new session is answered with; null: it is made. */
  refuse = null;
  /** What every question about the room is answered with; null: how it is. */
  shut = null;
  #made = 0;

  request = async (url, { method = 'GET', body = '', headers = {} } = {}) => {
    const path = new URL(url, 'https://relay.example').pathname;
    this.asked.push(`${method} ${path}`);
    this.headers = headers;
    this.shown.push([this.asked.at(-1), headers]);
    if (body) this.body = body;
    if (method === 'POST') await this.hold;
    if (!this.up) throw new TypeError('Failed to fetch');
    if (this.instead) {
      const response = this.instead;
      this.instead = null;
      return response;
    }
    const response = this.#answer(method, path);
    if (!this.mute || method !== 'POST') return response;
    this.mute = false;
    throw new DOMException('', 'TimeoutError');
  };

  /** The requests of one method. */
  of(method) {
    return this.asked.filter((line) => line.startsWith(`${method} `));
  }

  #answer(method, path) {
    if (path.startsWith('/api/rooms/') && this.shut) return this.shut();
    if (path.startsWith('/api/rooms/')) return Response.json({ room: 'math', tracks: [], warnings: [], ...this.room });
    if (/^\/wh[ie]p\/math$/.test(path)) return this.#create(path);
    if (path.includes('/sse')) return this.#stream(method, path);
    if (!this.sessions.has(path)) return problem(404, 'not-found');
    if (method === 'DELETE') this.sessions.delete(path);
    if (method === 'PATCH') return new Response(FRAGMENT, { status: 200, headers: { ETag: '"2"' } });
    return new Response(null, { status: method === 'DELETE' ? 200 : 204 });
  }

  #create(path) {
    if (this.refuse) return this.refuse();
    if (path.startsWith('/whep') && this.room.state === 'idle') return problem(409, 'not-live', '3');
    const shown = this.headers['Relay-Resume'];
    const before = this.places.get(shown);
    if (path.startsWith('/whip') && this.room.state !== 'idle' && !before) return problem(409, 'room-busy');
    this.sessions.delete(before);
    const location = `${path}/s${++this.#made}`;
    this.sessions.add(location);
    const secret = `r${this.#made}`;
    // What was shown is good until its successor is shown, since that may not be heard of.
    this.places = new Map([...this.places].filter(([, place]) => place !== before)).set(shown, location).set(secret, location);
    const link = path.startsWith('/whep') ? { Link: `<stun:x>; rel="ice-server", <${location}/sse>; rel="${SSE}"; events="active,inactive,viewercount"` } : {};
    return new Response(`answer ${this.#made}`, { status: 201, headers: { Location: location, ETag: '"1"', 'Relay-Resume': secret, ...link } });
  }

  #stream(method, path) {
    if (method !== 'POST') return new Response(null, { status: 200 });
    return new Response(null, { status: 201, headers: { Location: `${path}/e${this.#made}` } });
  }
}

/** An EventSource that a test speaks through. */
export class FakeSource {
  static last = null;
  readyState = 1;
  listeners = {};

  constructor(url) {
    this.url = url;
    FakeSource.last = this;
  }

  addEventListener(type, listener) {
    this.listeners[type] = listener;
  }

  /** An event of a type comes. */
  tell(type, data = {}) {
    this.listeners[type]({ data: JSON.stringify(data) });
  }

  /** The stream ended: for good, or until the browser opens it again. */
  fail(forGood) {
    this.readyState = forGood ? 2 : 0;
    this.onerror({});
  }

  close() {
    this.readyState = 2;
  }
}
