// <relay-player src="https://relay.example/whep/math">: what is presented in a room, on any site's page.
// One file without imports, since pages of other origins load it. It speaks WHEP
// (draft-ietf-wish-whep) and its extension for server-sent events. Its parts: strings, protocol,
// what is said (a pure function of the facts), watcher, style, element.

// ---- Strings

/** Every sentence, in both languages. */
const SENTENCES = {
  en: {
    none: '', playing: '', connecting: 'Connecting…', waiting: 'Waiting for the presenter', reconnecting: 'Connection lost. Reconnecting…',
    unreachable: 'The relay cannot be reached. Trying again…', busy: 'The relay is busy. Trying again…',
    refused: 'The relay refuses. Trying again from time to time…',
    origin: 'The relay does not serve this site. Whoever runs it has to add\n--allow-origin {origin}',
    key: 'This room needs a key.', expired: 'This link is too old. Ask whoever sent it for a new one.', forbidden: 'This key does not open the room for watching.',
    full: 'This room is full. You get in by yourself as soon as there is a place.',
    locked: 'The presenter has locked this room. You get in by yourself once it is open again.',
    removed: 'The presenter has removed you from this room.', blocked: 'The presenter has blocked you in this room.', again: 'Watch again',
    codec: 'This browser cannot play the picture ({codec}). Another one such as Chrome may.',
    src: 'The attribute src has to be a WHEP address such as https://relay.example/whep/math.',
    incapable: 'This browser cannot play live pictures. Use a current Chrome, Edge, Firefox or Safari.',
    video: 'Live picture', sound: 'Tap for sound', play: 'Play', mute: 'Mute', unmute: 'Unmute', fullscreen: 'Full screen',
  },
  zh: {
    none: '', playing: '', connecting: '正在连接…', waiting: '等待演示者', reconnecting: '连接中断，正在重连…',
    unreachable: '无法连接中继服务器，正在重试…', busy: '中继服务器繁忙，正在重试…',
    refused: '中继服务器拒绝了请求，稍后会自动重试…',
    origin: '中继服务器未允许本网站使用。请其管理员添加\n--allow-origin {origin}',
    key: '此房间需要密钥。', expired: '此链接已过期，请向发送者索取新链接。', forbidden: '此密钥不能用于观看此房间。',
    full: '房间已满，一有空位您会自动进入。',
    locked: '演示者已锁定此房间，房间重新开放后您会自动进入。',
    removed: '演示者已将您移出此房间。', blocked: '演示者已禁止您进入此房间。', again: '重新观看',
    codec: '此浏览器无法播放此画面（{codec}）。请换用 Chrome 等其他浏览器。',
    src: 'src 属性必须是 WHEP 地址，例如 https://relay.example/whep/math。',
    incapable: '此浏览器无法播放实时画面。请使用新版 Chrome、Edge、Firefox 或 Safari。',
    video: '实时画面', sound: '点击开启声音', play: '播放', mute: '静音', unmute: '取消静音', fullscreen: '全屏',
  },
};

// ---- Protocol

const EVENTS = JSON.stringify(['active', 'inactive', 'viewercount']);
const EVENTS_LINK = /<([^>]*)>[^<]*rel="urn:ietf:params:whep:ext:core:server-sent-events"/;

/**
 * The address of a WHEP endpoint of a relay; null for anything else.
 * @param {string|null} text
 * @param {string} [base]  what it may be relative to
 */
export function endpointOf(text, base = globalThis.document?.baseURI) {
  if (!text?.trim()) return null;
  try {
    const url = new URL(text.trim(), base);
    url.pathname = url.pathname.replace(/\/$/, '');
    const plain = !url.username && !url.password && !url.hash;
    return /^https?:$/.test(url.protocol) && plain && /\/whep\/[A-Za-z0-9_-]{1,64}$/.test(url.pathname) ? url.href : null;
  } catch {
    return null;
  }
}

/** What is known of an endpoint's room, as JSON. @param {string} endpoint */
function roomOf(endpoint) {
  const url = new URL(endpoint);
  url.pathname = url.pathname.replace(/\/whep\/([^/]*)$/, '/api/rooms/$1');
  return url.href;
}

/**
 * Asks for Opus in stereo, which has no API (RFC 7587, section 7.1).
 * @param {string} sdp
 */
function stereo(sdp) {
  const payloadType = /^a=rtpmap:(\d+) opus\//im.exec(sdp)?.[1];
  return sdp.replace(new RegExp(`^a=fmtp:${payloadType} (?!.*\\bstereo=).*$`, 'm'), (line) => `${line};stereo=1`);
}

/** @typedef {'busy'|'refused'|'origin'|'full'|'locked'|'key'|'expired'|'forbidden'|'removed'|'blocked'} Refusal */

/** @type {Record<string, Refusal>} what the relay's problems are, by reason and else by code; others are told by their status */
const PROBLEMS = { 'room-full': 'full', locked: 'locked', key: 'key', expired: 'expired', unauthorized: 'key', removed: 'removed', blocked: 'blocked', forbidden: 'forbidden' };
/** Those that asking again does not change. @type {Set<Refusal|null>} */
const FINAL = new Set(/** @type {const} */ (['key', 'expired', 'forbidden', 'removed', 'blocked']));

/**
 * What the relay refuses with; null where its status has to do.
 * @param {Response} response
 */
async function problemOf(response) {
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) return null;
  const { code, reason } = await response.json().catch(() => ({}));
  return PROBLEMS[reason] ?? PROBLEMS[code] ?? null;
}

/** Between 0.7 and 1.3 times as long: viewers who lost the relay together do not come back together. @param {number} seconds */
function jittered(seconds) {
  return seconds * (0.7 + 0.6 * Math.random());
}

/**
 * How many frames were decoded, and how many packets came of either kind.
 * @param {RTCStatsReport} report
 */
function received(report) {
  const sum = { frames: 0, video: 0, audio: 0 };
  for (const { type, kind, framesDecoded = 0, packetsReceived = 0 } of report.values()) {
    if (type !== 'inbound-rtp') continue;
    sum.frames += framesDecoded;
    sum[/** @type {'video'|'audio'} */ (kind)] += packetsReceived;
  }
  return sum;
}

// ---- What is said, out of what is known

/** @typedef {'connecting'|'waiting'|'playing'|'reconnecting'|'failed'} State */
/** @typedef {'connecting'|'waiting'|'playing'|'reconnecting'|'unreachable'|'codec'|Refusal} Verdict  and its sentence */

/**
 * @typedef {object} Facts
 * @property {Refusal|null} refusal   why the relay gives no session
 * @property {boolean} answers        the relay answered when it was asked last
 * @property {boolean} lost           a session ended, or could not be had, since there was something to say
 * @property {boolean} connected      media is
 * @property {boolean} wasConnected   it was, in this session or one before
 * @property {boolean} flows          media came just now
 * @property {boolean|null} active    somebody presents, as the relay says; null while it says nothing
 * @property {boolean|null} moves     the same, as the media tells
 * @property {boolean} picture        this presentation was seen, or heard where it has sound alone
 * @property {boolean} unplayable     it has a picture, and nothing comes of it
 */

/** @type {Readonly<Facts>} */
export const NOTHING = Object.freeze({
  refusal: null, answers: true, lost: false, connected: false, wasConnected: false, flows: false, active: null, moves: null, picture: false, unplayable: false,
});

/**
 * @param {Readonly<Facts>} facts
 * @returns {Verdict}
 */
export function verdictOf(facts) {
  if (facts.refusal) return facts.refusal;
  const gone = facts.wasConnected ? 'reconnecting' : 'unreachable';
  if (!facts.answers && !facts.flows) return gone;
  // The last picture of a presenter who is away comes alone: media is asked only where the relay tells nothing.
  const presented = facts.active ?? facts.moves;
  if (presented === false) return 'waiting';
  if (presented && facts.connected && facts.picture) return 'playing';
  if (presented && facts.connected && facts.unplayable) return 'codec';
  return facts.lost ? gone : 'connecting';
}

/** @type {Partial<Record<Verdict, State>>} the states of verdicts that are none themselves */
const STATES = {
  unreachable: 'reconnecting', busy: 'reconnecting', full: 'reconnecting', locked: 'reconnecting',
  refused: 'failed', origin: 'failed', codec: 'failed', key: 'failed', expired: 'failed', forbidden: 'failed', removed: 'failed', blocked: 'failed',
};
/** After these, nothing is lost any more. @type {Set<Verdict>} */
const SETTLED = new Set(['playing', 'waiting', 'codec']);

// ---- The watcher. Durations are in seconds.

/** How soon to ask again where the relay does not say: when it is away, and when it refuses. */
const RETRY = 2;
const REFUSED_RETRY = 10;
const ANSWER_WITHIN = 10;
const CONNECT_WITHIN = 10;
/** How soon to have another session in place of one that ended, when the one before it did not play either. */
const AGAIN = [1, 2, 4, 8, 10];
/** How soon to ask for events again that ended. */
const EVENTS_RETRY = 3;
/** ICE often comes back by itself within this, and media arrives. */
const PATIENCE = 2;
/** How often to look at what was received: when all is said, and before. */
const LOOK = 1;
const LOOK_SOON = 0.2;
/** For how long what came counts as flowing; a still screen sends a frame a second. */
const FLOWING = 1.5;
/** What comes for so long, without such a gap, is no last picture. */
const MOVING = 1;
const GAP = 2;
/** Where no events tell, for how long nothing may come. */
const FRAMELESS = 5;
/** When, without a picture, to ask what is presented, and when it cannot be played. */
const ASK = 1;
const UNPLAYABLE = 3;

/** What was received in a session, and when; the times are Date.now()'s in seconds. */
const NOTHING_RECEIVED = { count: 0, from: -Infinity, to: -Infinity, since: 0, asked: -Infinity, verified: -Infinity, frames: 0, video: 0, audio: 0 };

/**
 * @typedef {object} WatcherOptions
 * @property {string} endpoint
 * @property {() => string} [token]                            that opens the room, or its key; empty for none
 * @property {(verdict: Verdict) => void} changed              this is to be said now
 * @property {(stream: MediaStream|null) => void} attach       show this; again when a track of it falls silent or begins
 * @property {typeof fetch} [request]
 * @property {() => RTCPeerConnection} [createPeer]
 * @property {(url: string) => EventSource} [createSource]
 */

/**
 * Watches one room through one WHEP session after the other, for as long as it is wanted. No DOM
 * but the MediaStream it hands out. Owns the session, its PeerConnection, its events, the timers, and the facts.
 */
export class Watcher {
  #options;
  #request;
  /** @type {Facts} */ #facts = { ...NOTHING };
  /** @type {Verdict} */ #verdict = 'connecting';
  /** @type {RTCPeerConnection|null} */ #pc = null;
  /** Whose picture is on the screen: this session's, or one's before, since closing it would blank the picture. @type {RTCPeerConnection|null} */ #shown = null;
  /** What it receives. @type {MediaStream|null} */ #stream = null;
  /** The session's URL; empty while there is none. */
  #location = '';
  /** Where its events are; empty where it has none. */
  #eventsAt = '';
  /** @type {EventSource|null} */ #events = null;
  /** An answer of the relay could be read. */
  #heard = false;
  /** Sessions in a row that ended without a picture. */
  #attempts = 0;
  #received = { ...NOTHING_RECEIVED };
  /** What is presented: a codec; null for sound alone; empty while unknown. @type {string|null} */ #codec = '';
  /** @type {ReturnType<typeof setTimeout>|undefined} what is next */ #timer;
  /** @type {ReturnType<typeof setTimeout>|undefined} when to ask for events, or for the session */ #asker;
  /** @type {ReturnType<typeof setTimeout>|undefined} when to look at what was received */ #looker;

  /** @param {WatcherOptions} options */
  constructor(options) {
    this.#options = options;
    this.#request = options.request ?? fetch.bind(globalThis);
  }

  /** @returns {State} */
  get state() {
    return STATES[this.#verdict] ?? /** @type {State} */ (this.#verdict);
  }

  get verdict() {
    return this.#verdict;
  }

  /** What is presented. */
  get codec() {
    return this.#codec;
  }

  /** From now on; again, with a session of its own, after a stop. */
  start() {
    this.#drop();
    try {
      void this.#negotiate(this.#open());
    } catch {
      // Browsers refuse for a while: too many connections.
      this.#retry({ lost: true }, RETRY);
    }
  }

  /** Leaves, which the relay is told. */
  stop() {
    this.#drop();
    this.#blank();
    this.#facts = { ...NOTHING };
    this.#verdict = 'connecting';
  }

  #open() {
    const { createPeer = () => new RTCPeerConnection({ bundlePolicy: 'max-bundle' }) } = this.#options;
    const pc = createPeer();
    this.#pc = pc;
    pc.onconnectionstatechange = () => this.#moved(pc);
    const stream = new MediaStream();
    for (const kind of ['video', 'audio']) {
      const { receiver } = pc.addTransceiver(kind, { direction: 'recvonly' });
      const { track } = receiver;
      // A screen is for following along: no delay is kept in reserve.
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
      stream.addTrack(track);
      // Sound takes no last picture away.
      track.onunmute = () => this.#attach(pc, kind === 'video');
      track.onmute = () => this.#attach(pc, false);
    }
    this.#stream = stream;
    return pc;
  }

  /** @param {RTCPeerConnection} pc @param {boolean} instead  of another one's picture too */
  #attach(pc, instead) {
    if (pc !== this.#pc || !this.#stream || (this.#shown && this.#shown !== pc && !instead)) return;
    const before = this.#shown;
    this.#shown = pc;
    this.#options.attach(this.#stream);
    if (before !== pc) before?.close();
  }

  /** No last picture is kept. */
  #blank() {
    this.#shown?.close();
    this.#shown = null;
  }

  /**
   * Offers without candidates, complete at once: the relay sees where our checks come from.
   * @param {RTCPeerConnection} pc
   */
  async #negotiate(pc) {
    let response;
    try {
      if (!pc.localDescription) {
        const { sdp = '' } = await pc.createOffer();
        await pc.setLocalDescription({ type: 'offer', sdp: stereo(sdp) });
      }
      response = await this.#ask(this.#options.endpoint, { method: 'POST', headers: { 'Content-Type': 'application/sdp', ...this.#opens }, body: pc.localDescription?.sdp });
      this.#heard = true;
    } catch (error) {
      return this.#unheard(pc, error instanceof TypeError);
    }
    try {
      await (response.status === 201 ? this.#created(pc, response) : this.#refused(pc, response));
    } catch {
      if (pc === this.#pc) this.#again();
    }
  }

  /**
   * No answer could be read. Where none ever could, it may be that only our origin may not.
   * @param {RTCPeerConnection} pc
   * @param {boolean} blocked  by the network, or by the browser
   */
  async #unheard(pc, blocked) {
    const there = blocked && !this.#heard && (await this.#ask(this.#options.endpoint, { mode: 'no-cors' }).then(() => true, () => false));
    if (pc !== this.#pc) return;
    if (there) this.#retry({ refusal: 'origin' }, REFUSED_RETRY);
    else this.#retry({ refusal: null, answers: false }, RETRY);
  }

  /** @param {RTCPeerConnection} pc @param {Response} response */
  async #created(pc, response) {
    const location = response.headers.get('Location');
    const url = location ? this.#resolve(response, location) : '';
    if (pc !== this.#pc) return this.#end(url);
    this.#update({ refusal: null, answers: true });
    // What cannot be left again is no session.
    if (!url) return this.#again();
    this.#location = url;
    this.#after(CONNECT_WITHIN, () => this.#again());
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    if (pc !== this.#pc) return;
    this.#watchTransport(pc);
    // Where there is no picture to lose, at once: an element drops what is decoded before it is ready.
    this.#attach(pc, false);
    const [, link] = EVENTS_LINK.exec(response.headers.get('Link') ?? '') ?? [];
    this.#eventsAt = link ? this.#resolve(response, link) : '';
    await this.#listen(pc);
  }

  /** @param {RTCPeerConnection} pc @param {Response} response */
  async #refused(pc, response) {
    const { status, headers } = response;
    const refusal = status === 409 ? null : await problemOf(response);
    if (pc !== this.#pc) return;
    if (FINAL.has(refusal)) return this.#rest(refusal);
    const wait = Number(headers.get('Retry-After')) || RETRY;
    if (status === 409) {
      // What is on the screen belongs to an earlier presentation.
      this.#options.attach(null);
      this.#blank();
      this.#update({ refusal: null, answers: true, active: false });
      // Not sooner than the relay said, and not all viewers of the room at once.
      this.#after(wait * (1 + 0.3 * Math.random()), () => this.#negotiate(pc));
    } else if (refusal) this.#retry({ refusal, answers: true }, wait);
    else if (status === 429 || status === 503) this.#retry({ refusal: 'busy', answers: true }, wait);
    else if (status >= 500) this.#retry({ refusal: null, answers: false }, wait);
    else this.#retry({ refusal: 'refused', answers: true }, REFUSED_RETRY);
  }

  /** Nothing is tried until somebody wants it. @param {Refusal|null} refusal */
  #rest(refusal) {
    this.#drop();
    this.#options.attach(null);
    this.#blank();
    this.#update({ refusal, answers: true });
  }

  /** The header that opens the room. @returns {Record<string, string>} */
  get #opens() {
    const token = this.#options.token?.();
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** A relay that stops says so on the DTLS transport; ICE takes its time to notice. @param {RTCPeerConnection} pc */
  #watchTransport(pc) {
    const transport = pc.getReceivers()[0]?.transport;
    if (!transport) return;
    transport.onstatechange = () => {
      if (transport.state === 'closed' && pc === this.#pc) this.#again();
    };
  }

  /** @param {RTCPeerConnection} pc */
  async #listen(pc) {
    const location = this.#eventsAt && (await this.#askForEvents().catch(() => ''));
    if (pc !== this.#pc) return;
    // Then media tells.
    if (!location) this.#update({ active: null });
    if (!location) return this.#eventsAt ? this.#verify(pc) : undefined;
    const { createSource = (address) => new EventSource(address) } = this.#options;
    const events = createSource(location);
    this.#events = events;
    let told = false;
    /** @param {boolean} active */
    const tell = (active) => {
      told = true;
      this.#update({ answers: true, active });
      void this.#look(pc);
    };
    // A stream begins with how things are. Only a room that was live is told to be inactive.
    events.addEventListener('open', () => { told = false; });
    events.addEventListener('active', () => tell(true));
    events.addEventListener('inactive', () => tell(false));
    events.addEventListener('viewercount', () => {
      if (!told) tell(false);
    });
    events.onerror = () => this.#verify(pc);
  }

  /** The stream's URL; empty where there is none to have. */
  async #askForEvents() {
    const response = await this.#ask(this.#eventsAt, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: EVENTS });
    const location = response.headers.get('Location');
    return response.ok && location ? this.#resolve(response, location) : '';
  }

  /** Whether the relay is there, and still has our session. If so, its events go on. @param {RTCPeerConnection} pc */
  async #verify(pc) {
    clearTimeout(this.#asker);
    this.#received.verified = Date.now() / 1_000;
    const status = await this.#ask(this.#location).then((response) => response.status, () => 0);
    if (pc !== this.#pc) return;
    if (status === 404) return this.#again();
    const answers = status > 0 && status < 500;
    this.#update(answers && this.#rests ? { answers, moves: false } : { answers });
    void this.#look(pc);
    clearTimeout(this.#asker);
    // Browsers open a stream again, unless what answers is not the stream any more.
    const broken = this.#eventsAt && this.#events?.readyState !== 0 && this.#events?.readyState !== 1;
    if (!answers) this.#asker = setTimeout(() => this.#verify(pc), 1_000 * jittered(RETRY));
    else if (broken) this.#asker = setTimeout(() => this.#listen(pc), 1_000 * jittered(EVENTS_RETRY));
  }

  /** At what was received, now and from time to time. @param {RTCPeerConnection} pc */
  async #look(pc) {
    if (!this.#facts.connected) return;
    const { frames, video, audio } = received(await pc.getStats());
    if (pc !== this.#pc || !this.#facts.connected) return;
    const now = Date.now() / 1_000;
    const was = this.#received;
    if (frames + audio > was.count) {
      if (now - was.to > GAP) was.from = now;
      was.to = now;
    }
    was.count = frames + audio;
    // The last picture of a presenter who is away is not of the next presentation.
    if (this.#facts.active === false) {
      Object.assign(was, { since: now, asked: -Infinity, frames, video, audio });
      this.#codec = '';
    }
    const picture = frames > was.frames || (this.#codec === null && audio > was.audio);
    const flows = now - was.to < FLOWING;
    this.#update({
      flows, picture, moves: (flows && was.to - was.from >= MOVING) || this.#facts.moves,
      unplayable: !picture && video === was.video && !!this.#codec && now - was.since >= UNPLAYABLE,
    });
    if (picture && this.#shown !== pc) this.#attach(pc, true);
    if (!picture && !this.#codec && now - was.since >= ASK && now - was.asked >= UNPLAYABLE) void this.#askWhat(pc, now, audio > was.audio);
    if (this.#rests && this.#facts.moves !== false && now - was.verified >= RETRY) void this.#verify(pc);
    const settled = this.#facts.answers && SETTLED.has(this.#verdict);
    clearTimeout(this.#looker);
    this.#looker = setTimeout(() => void this.#look(pc), 1_000 * (settled ? LOOK : LOOK_SOON));
  }

  /** Nothing tells that somebody presents. */
  get #rests() {
    return this.#facts.active === null && this.#facts.connected && Date.now() / 1_000 - Math.max(this.#received.to, this.#received.since) >= FRAMELESS;
  }

  /** What is presented. @param {RTCPeerConnection} pc @param {number} now @param {boolean} sound  comes */
  async #askWhat(pc, now, sound) {
    this.#received.asked = now;
    const room = await this.#ask(roomOf(this.#options.endpoint), { headers: this.#opens }).then((response) => (response.ok ? response.json() : null)).catch(() => null);
    if (pc !== this.#pc) return;
    if (room) this.#codec = room.video;
    else this.#codec = sound ? null : '';
  }

  /** @param {RTCPeerConnection} pc */
  #moved(pc) {
    if (pc !== this.#pc) return;
    switch (pc.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        if (!this.#facts.connected) this.#received.since = Date.now() / 1_000;
        this.#update({ connected: true, wasConnected: true });
        void this.#look(pc);
        break;
      case 'disconnected':
        this.#after(PATIENCE, () => this.#again());
        break;
      case 'failed':
        this.#again();
    }
  }

  /** With another session. Who waits for the presenter has lost nothing yet. */
  #again() {
    this.#drop();
    this.#update({ lost: true });
    const wait = this.#attempts === 0 ? Math.random() / 2 : jittered(AGAIN[Math.min(this.#attempts, AGAIN.length) - 1]);
    this.#attempts++;
    this.#after(wait, () => this.start());
  }

  /** @param {Partial<Facts>} facts @param {number} seconds */
  #retry(facts, seconds) {
    this.#drop();
    this.#update(facts);
    this.#after(jittered(seconds), () => this.start());
  }

  /** @param {number} seconds @param {() => void} step */
  #after(seconds, step) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(step, 1_000 * seconds);
  }

  /** @param {Partial<Facts>} facts */
  #update(facts) {
    Object.assign(this.#facts, facts);
    const verdict = verdictOf(this.#facts);
    if (SETTLED.has(verdict)) this.#facts.lost = false;
    if (verdict === 'playing') this.#attempts = 0;
    if (verdict === this.#verdict) return;
    this.#verdict = verdict;
    this.#options.changed(verdict);
  }

  /** The session; what is on the screen stays. */
  #drop() {
    for (const timer of [this.#timer, this.#asker, this.#looker]) clearTimeout(timer);
    this.#events?.close();
    if (this.#pc !== this.#shown) this.#pc?.close();
    this.#end(this.#location);
    this.#events = this.#pc = this.#stream = null;
    this.#location = this.#eventsAt = this.#codec = '';
    this.#received = { ...NOTHING_RECEIVED };
    const active = this.#facts.active && null;
    Object.assign(this.#facts, { connected: false, flows: false, active, moves: null, picture: false, unplayable: false });
  }

  /** The page may be going away itself. @param {string} location */
  #end(location) {
    if (location) this.#request(location, { method: 'DELETE', keepalive: true }).catch(() => {});
  }

  /** @param {string} url @param {RequestInit} [init] */
  #ask(url, init) {
    return this.#request(url, { ...init, signal: AbortSignal.timeout(1_000 * ANSWER_WITHIN) });
  }

  /** @param {Response} response @param {string} url  relative to it */
  #resolve(response, url) {
    return new URL(url, response.url || this.#options.endpoint).href;
  }
}

// ---- The element's style

const STYLE = `
  :host { display: block; container-type: inline-size; position: relative; aspect-ratio: 16 / 9; overflow: hidden; background: #000; color: #fff; font: 16px/1.4 system-ui, sans-serif; }
  :host([hidden]), [hidden] { display: none !important; }
  video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
  video { outline: none; }
  .veil { box-sizing: border-box; position: absolute; inset: 0; display: grid; place-content: center; padding: 16px; text-align: center; text-wrap: balance; white-space: pre-line; overflow-wrap: anywhere;
    font-size: clamp(15px, 4cqw, 24px); font-weight: 600; background: #0a0c12; transition: opacity .25s; }
  /* The last picture stays readable: it is dimmed a little, and what is said stands on a ground of its own. */
  .veil.over { inset: clamp(8px, 3cqw, 20px) auto auto 50%; translate: -50% 0; width: max-content; max-width: calc(100% - 32px); padding: 10px 18px; border-radius: 18px;
    font-size: clamp(14px, 3cqw, 17px); background: rgb(10 12 18 / 88%); box-shadow: 0 0 0 100vmax rgb(6 8 13 / 28%); }
  .veil:empty { opacity: 0; pointer-events: none; }
  button { display: inline-flex; align-items: center; gap: 8px; min-width: 44px; min-height: 44px; padding: 8px; border: 0; border-radius: 10px;
    font: inherit; font-weight: 600; color: #fff; background: rgb(10 12 18 / 62%); cursor: pointer; }
  button:focus-visible { outline: 3px solid #7c98ff; outline-offset: -3px; }
  svg { width: 24px; height: 24px; fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
  .big { position: absolute; left: 50%; bottom: 18%; translate: -50% 0; padding: 12px 22px; border-radius: 99px; white-space: nowrap; color: #10131c; background: #fff; }
  .bar { position: absolute; right: 8px; bottom: 8px; display: flex; gap: 8px; opacity: 0; transition: opacity .25s; }
  :host(:hover) .bar, .bar:focus-within { opacity: 1; }
  @media (hover: none) { .bar { opacity: 1; } }
  /* There it would lie on the buttons. */
  @container (width < 420px) { .big { top: 8px; bottom: auto; padding: 8px 16px; font-size: 15px; } }
  @container (width < 280px) { .veil, .veil.over { padding: 8px 12px; font-size: 12px; } .veil.over { max-width: calc(100% - 16px); } }
`;

const SPEAKER = 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z';
const ICONS = { mute: `${SPEAKER}M15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11`, unmute: `${SPEAKER}m11.5 0 5 5m0-5-5 5`, fullscreen: 'M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5' };

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Partial<HTMLElementTagNameMap[T]>} properties
 * @param {Node[]} children
 */
function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---- The element

// ---- The element

// ---- The element

/** @typedef {HTMLVideoElement & {webkitEnterFullscreen?: () => void}} Video */

/**
 * The element. Attributes: `src`; `token`, or a key, for a room that needs one; `muted`, to begin without sound and not offer it; `controls`,
 * for the buttons; `lang`. Events: `playing`, `waiting`, `reconnecting`, `failed`. Owns its shadow DOM, and knows
 * what the browser did not allow.
 */
export class RelayPlayer extends HTMLElement {
  static observedAttributes = ['src', 'token', 'muted', 'controls', 'lang'];
  /** @type {Video} */ #video = make('video', { playsInline: true, autoplay: true, tabIndex: -1 });
  #status = make('div', { className: 'veil' });
  #big = make('button', { className: 'big', type: 'button', hidden: true, onclick: () => this.#unmute() });
  #again = make('button', { className: 'big', type: 'button', hidden: true, onclick: () => this.#watchAgain() });
  #mute = make('button', { type: 'button', onclick: () => (this.#video.muted ? this.#unmute() : this.#setMuted(true)) });
  #full = make('button', { type: 'button', onclick: () => this.#toggleFullscreen() }, icon('fullscreen'));
  #bar = make('div', { className: 'bar', hidden: true }, this.#mute, this.#full);
  /** In a document. */
  #shown = false;
  /** What src says; null for none. @type {string|null} */ #endpoint = null;
  /** What was told of last. @type {State} */ #told = 'connecting';
  /** To be shown once the page is loaded. @type {MediaStream|null} */ #later = null;
  /** @type {'sound'|'play'|null} */ #denied = null;
  /** Null without an address, or where the browser cannot play. @type {Watcher|null} */ #watcher = null;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#video, this.#status, this.#big, this.#again, this.#bar);
    this.#status.setAttribute('role', 'status');
    for (const name of ['volumechange', 'resize', 'emptied']) this.#video.addEventListener(name, () => this.#render());
    this.#video.addEventListener('dblclick', () => this.#toggleFullscreen());
    // There is no button to pause with: it was the system.
    this.#video.addEventListener('pause', () => void this.#play());
  }

  /** @returns {State} */
  get state() {
    if (this.#watcher) return this.#watcher.state;
    return this.getAttribute('src')?.trim() ? 'failed' : 'connecting';
  }

  connectedCallback() {
    this.#shown = true;
    this.#endpoint = endpointOf(this.getAttribute('src'));
    this.#start();
    addEventListener('load', this.#loaded);
    addEventListener('pagehide', this.#stop);
    addEventListener('pageshow', this.#resume);
  }

  disconnectedCallback() {
    this.#shown = false;
    this.#stop();
    removeEventListener('load', this.#loaded);
    removeEventListener('pagehide', this.#stop);
    removeEventListener('pageshow', this.#resume);
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === 'muted') this.#setMuted(this.hasAttribute('muted'));
    const endpoint = endpointOf(this.getAttribute('src'));
    // A session that there is needs no token; whoever is kept out tries the new one.
    const keyed = name === 'token' && this.state !== 'playing' && this.state !== 'waiting';
    if (keyed || (name === 'src' && endpoint !== this.#endpoint)) {
      this.#endpoint = endpoint;
      if (this.#shown) this.#start();
    }
    this.#render();
  }

  #start() {
    this.#stop();
    const endpoint = this.#endpoint;
    const able = endpoint && 'RTCPeerConnection' in window;
    const token = () => this.getAttribute('token')?.trim() ?? '';
    this.#watcher = able ? new Watcher({ endpoint, token, changed: () => this.#changed(), attach: (stream) => this.#attach(stream) }) : null;
    this.#watcher?.start();
    this.#render();
  }

  #stop = () => {
    this.#watcher?.stop();
    this.#attach(null);
    this.#told = 'connecting';
  };

  #loaded = () => {
    if (this.#later) this.#attach(this.#later);
  };

  /** A page that is kept for "back" comes alive again. @param {PageTransitionEvent} event */
  #resume = ({ persisted }) => {
    if (persisted) this.#watcher?.start();
  };

  #changed() {
    this.#render();
    const { state } = this;
    if (state !== this.#told && state !== 'connecting') this.dispatchEvent(new Event(state));
    this.#told = state;
  }

  #render() {
    const words = this.#words;
    const playing = this.state === 'playing';
    const { muted } = this.#video;
    const facts = { codec: this.#watcher?.codec ?? '', origin: globalThis.origin };
    this.#say(this.#status, words[this.#sentence].replace(/{(codec|origin)}/, (_, name) => facts[/** @type {'codec'} */ (name)]));
    const picture = this.#video.videoWidth > 0;
    this.#status.className = picture ? 'veil over' : 'veil';
    this.#say(this.#big, words[this.#denied ?? 'sound']);
    const stream = /** @type {MediaStream|null} */ (this.#video.srcObject);
    const sound = stream?.getAudioTracks().some((track) => !track.muted);
    this.#big.hidden = !playing || !this.#denied || (this.#denied === 'sound' && !sound);
    this.#say(this.#again, words.again);
    this.#again.hidden = this.#sentence !== 'removed';
    this.#bar.hidden = !this.hasAttribute('controls') || !(playing || picture);
    this.#full.hidden = !document.fullscreenEnabled && !this.#video.webkitEnterFullscreen;
    this.#mute.replaceChildren(icon(muted ? 'unmute' : 'mute'));
    this.#label(this.#mute, words[muted ? 'unmute' : 'mute']);
    this.#label(this.#full, words.fullscreen);
    this.#video.setAttribute('aria-label', words.video);
  }

  /** @returns {keyof typeof SENTENCES.en} */
  get #sentence() {
    if (!this.#endpoint) return this.getAttribute('src')?.trim() ? 'src' : 'none';
    if (!this.#shown) return 'none';
    return this.#watcher?.verdict ?? 'incapable';
  }

  /** The page's language, else the browser's. */
  get #words() {
    const language = this.closest('[lang]')?.getAttribute('lang') || navigator.language;
    return SENTENCES[/^zh\b/i.test(language) ? 'zh' : 'en'];
  }

  /** A screen reader reads what is new. @param {HTMLElement} target @param {string} text */
  #say(target, text) {
    if (target.textContent !== text) target.textContent = text;
  }

  /** @param {HTMLElement} target @param {string} text */
  #label(target, text) {
    target.title = text;
    target.setAttribute('aria-label', text);
  }

  /** @param {MediaStream|null} stream */
  #attach(stream) {
    // Until media comes, a stream holds up the page's load event.
    const early = document.readyState !== 'complete' && stream?.getTracks().every((track) => track.muted);
    this.#later = early ? stream : null;
    if (!early && this.#video.srcObject !== stream) {
      this.#video.srcObject = stream;
      if (stream) void this.#play();
    }
    this.#render();
  }

  /** With sound if the browser lets us, else without. */
  async #play() {
    const video = this.#video;
    if (await this.#tryPlaying()) return;
    if (video.muted) return this.#deny('play');
    video.muted = true;
    this.#deny((await this.#tryPlaying()) ? 'sound' : 'play');
  }

  /** Whether the browser allows it; another stream that comes between is no refusal. */
  async #tryPlaying() {
    try {
      await this.#video.play();
      return true;
    } catch (error) {
      return /** @type {DOMException} */ (error).name !== 'NotAllowedError';
    }
  }

  /** @param {'sound'|'play'} what */
  #deny(what) {
    this.#denied = what;
    this.#render();
  }

  /** Called in a click, which browsers wait for. */
  #unmute() {
    const focused = this.shadowRoot?.activeElement === this.#big;
    this.#setMuted(false);
    void this.#play();
    // It is gone now, and with it the place of whoever uses the keyboard.
    if (focused) (this.#bar.hidden ? this.#video : this.#mute).focus();
  }

  /** After having been sent out. */
  #watchAgain() {
    this.#watcher?.start();
    this.#render();
  }

  /** As somebody wishes. @param {boolean} muted */
  #setMuted(muted) {
    this.#denied = null;
    this.#video.muted = muted;
    this.#render();
  }

  #toggleFullscreen() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (document.fullscreenEnabled) void this.requestFullscreen();
    // iPhones know only the video's own.
    else this.#video.webkitEnterFullscreen?.();
  }
}

// A page may load this file twice, from two relays.
if (!customElements.get('relay-player')) customElements.define('relay-player', RelayPlayer);
