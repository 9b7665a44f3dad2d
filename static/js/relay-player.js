// <relay-player src="https://relay.example/whep/math">: what is presented in a room, on any site's page.
// One file without imports, since pages of other origins load it. It speaks WHEP
// (draft-ietf-wish-whep) and its extension for server-sent events.

/** How soon to ask again where the relay does not say, in seconds: when it is away, and when it refuses. */
const RETRY = 2;
const REFUSED_RETRY = 10;
const ANSWER_WITHIN = 10_000;
const CONNECT_WITHIN = 10_000;
/** How soon to have another session in place of one that ended, in seconds, when the one before it did not play either. */
const AGAIN = [1, 2, 4, 8, 10];
/** How soon to ask for events again that ended, in seconds. */
const EVENTS_RETRY = 3;
/** Where no events tell, frames do: how often they are counted, and how long none may come. */
const COUNT_EVERY = 1_000;
const FRAMELESS = 5_000;
/** ICE often comes back by itself within this, and media arrives. */
const PATIENCE = 2_000;
const EVENTS_LINK = /<([^>]*)>[^<]*rel="urn:ietf:params:whep:ext:core:server-sent-events"/;

/** @typedef {'connecting'|'waiting'|'playing'|'reconnecting'|'failed'} State */

/** Every sentence, in both languages. */
const SENTENCES = {
  en: {
    connecting: 'Connecting…', waiting: 'Waiting for the presenter', playing: '', reconnecting: 'Connection lost. Reconnecting…',
    unreachable: 'The relay cannot be reached. Trying again…', failed: 'The relay refuses. Trying again from time to time…',
    src: 'The attribute src has to be a WHEP address such as https://relay.example/whep/math.',
    incapable: 'This browser cannot play live pictures. Use a current Chrome, Edge, Firefox or Safari.',
    video: 'Live picture', sound: 'Tap for sound', play: 'Play', mute: 'Mute', unmute: 'Unmute', fullscreen: 'Full screen',
  },
  zh: {
    connecting: '正在连接…', waiting: '等待演示者', playing: '', reconnecting: '连接中断，正在重连…',
    unreachable: '无法连接中继服务器，正在重试…', failed: '中继服务器拒绝了请求，稍后会自动重试…',
    src: 'src 属性必须是 WHEP 地址，例如 https://relay.example/whep/math。',
    incapable: '此浏览器无法播放实时画面。请使用新版 Chrome、Edge、Firefox 或 Safari。',
    video: '实时画面', sound: '点击开启声音', play: '播放', mute: '静音', unmute: '取消静音', fullscreen: '全屏',
  },
};

/**
 * The address of a WHEP endpoint of a relay; null for anything else.
 * @param {string|null} text
 */
export function endpointOf(text) {
  try {
    const { protocol, username, password, search, hash, pathname, href } = new URL(text ?? '');
    const plain = !username && !password && !search && !hash;
    return /^https?:$/.test(protocol) && plain && /\/whep\/[A-Za-z0-9_-]{1,64}$/.test(pathname) ? href : null;
  } catch {
    return null;
  }
}

/**
 * Asks for Opus in stereo, which has no API (RFC 7587, section 7.1).
 * @param {string} sdp
 */
function stereo(sdp) {
  const payloadType = /^a=rtpmap:(\d+) opus\//im.exec(sdp)?.[1];
  return sdp.replace(new RegExp(`^a=fmtp:${payloadType} (?!.*\\bstereo=).*$`, 'm'), (line) => `${line};stereo=1`);
}

/** Between 0.7 and 1.3 times as long: viewers who lost the relay together do not come back together. @param {number} seconds */
function jittered(seconds) {
  return seconds * (0.7 + 0.6 * Math.random());
}

/**
 * How many frames were decoded; of sound alone, how many packets came.
 * @param {RTCStatsReport} report
 */
function progress(report) {
  let [frames, packets] = [0, 0];
  for (const { type, kind, framesDecoded = 0, packetsReceived = 0 } of report.values()) {
    if (type !== 'inbound-rtp') continue;
    if (kind === 'video') frames += framesDecoded;
    else packets += packetsReceived;
  }
  return frames || packets;
}

/**
 * @typedef {object} WatcherOptions
 * @property {string} endpoint
 * @property {(state: State) => void} changed
 * @property {(stream: MediaStream) => void} attach            show this
 * @property {typeof fetch} [request]
 * @property {() => RTCPeerConnection} [createPeer]
 * @property {(url: string) => EventSource} [createSource]
 */

/**
 * Watches one room through one WHEP session after the other, for as long as it is wanted. No DOM
 * but the MediaStream it hands out. Owns the session, its PeerConnection, its events and the timers.
 */
export class Watcher {
  #options;
  #request;
  /** @type {State} */ #state = 'connecting';
  /** There was media before. */
  #wasConnected = false;
  /** Somebody presents, as far as this session has told. */
  #active = false;
  /** @type {RTCPeerConnection|null} */ #pc = null;
  /** What it receives. @type {MediaStream|null} */ #stream = null;
  /** The session's URL; empty while there is none. */
  #location = '';
  /** @type {EventSource|null} */ #events = null;
  /** Sessions in a row that ended without a picture. */
  #attempts = 0;
  /** What was decoded, when that became more, and whether it did between the last two looks. */
  #progress = { count: 0, at: 0, growing: false };
  /** @type {ReturnType<typeof setTimeout>|undefined} what is next */ #timer;
  /** @type {ReturnType<typeof setTimeout>|undefined} when events are asked for again */ #relisten;
  /** @type {ReturnType<typeof setInterval>|undefined} */ #counter;

  /** @param {WatcherOptions} options */
  constructor(options) {
    this.#options = options;
    this.#request = options.request ?? fetch.bind(globalThis);
  }

  get state() {
    return this.#state;
  }

  /** The name of the sentence that belongs to the state. @returns {keyof typeof SENTENCES.en} */
  get sentence() {
    return this.#state === 'reconnecting' && !this.#wasConnected ? 'unreachable' : this.#state;
  }

  /** From now on; again, with a session of its own, after a stop. */
  start() {
    this.#drop();
    try {
      void this.#negotiate(this.#open());
    } catch {
      // Browsers refuse for a while: too many connections.
      this.#retry('reconnecting', RETRY);
    }
  }

  /** Leaves, which the relay is told. */
  stop() {
    this.#drop();
  }

  #open() {
    const { attach, createPeer = () => new RTCPeerConnection({ bundlePolicy: 'max-bundle' }) } = this.#options;
    const pc = createPeer();
    this.#pc = pc;
    pc.onconnectionstatechange = () => this.#moved(pc);
    const stream = new MediaStream();
    for (const kind of ['video', 'audio']) {
      const { receiver } = pc.addTransceiver(kind, { direction: 'recvonly' });
      // A screen is for following along: no delay is kept in reserve.
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
      stream.addTrack(receiver.track);
      receiver.track.onunmute = () => {
        attach(stream);
        this.#presented(true);
      };
    }
    this.#stream = stream;
    return pc;
  }

  /**
   * Offers without candidates, complete at once: the relay sees where our checks come from.
   * @param {RTCPeerConnection} pc
   */
  async #negotiate(pc) {
    try {
      if (!pc.localDescription) {
        const { sdp = '' } = await pc.createOffer();
        await pc.setLocalDescription({ type: 'offer', sdp: stereo(sdp) });
      }
      const response = await this.#request(this.#options.endpoint, {
        method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: pc.localDescription?.sdp, signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
      await (response.status === 201 ? this.#created(pc, response) : this.#refused(pc, response));
    } catch {
      if (pc === this.#pc) this.#retry('reconnecting', RETRY);
    }
  }

  /** @param {RTCPeerConnection} pc @param {Response} response */
  async #created(pc, response) {
    const location = this.#resolve(response, response.headers.get('Location') ?? '');
    if (pc !== this.#pc) return this.#end(location);
    this.#location = location;
    this.#after(CONNECT_WITHIN / 1_000, () => this.#again());
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    if (pc !== this.#pc) return;
    this.#watchTransport(pc);
    // Not before media is to come: until it does, a stream holds up the page's load event. And
    // later ones not before it does come, or the last picture would go.
    if (this.#stream && !this.#wasConnected) this.#options.attach(this.#stream);
    const [, link] = EVENTS_LINK.exec(response.headers.get('Link') ?? '') ?? [];
    // Where there are none, the picture tells.
    if (link) await this.#listen(pc, this.#resolve(response, link));
  }

  /** @param {RTCPeerConnection} pc @param {Response} response */
  #refused(pc, { status, headers }) {
    if (pc !== this.#pc) return;
    const wait = Number(headers.get('Retry-After')) || RETRY;
    if (status === 409) {
      this.#set('waiting');
      // Not sooner than the relay said, and not all viewers of the room at once.
      this.#after(wait * (1 + 0.3 * Math.random()), () => this.#negotiate(pc));
    } else if (status >= 500 || status === 429) this.#retry('reconnecting', wait);
    else this.#retry('failed', REFUSED_RETRY);
  }

  /** A relay that stops says so on the DTLS transport; ICE takes its time to notice. @param {RTCPeerConnection} pc */
  #watchTransport(pc) {
    const transport = pc.getReceivers()[0]?.transport;
    if (!transport) return;
    transport.onstatechange = () => {
      if (transport.state === 'closed' && pc === this.#pc) this.#again();
    };
  }

  /** @param {RTCPeerConnection} pc @param {string} url */
  async #listen(pc, url) {
    const location = await this.#askForEvents(url).catch(() => '');
    if (pc !== this.#pc) return;
    if (!location) return this.#listenLater(pc, url);
    const { createSource = (address) => new EventSource(address) } = this.#options;
    const events = createSource(location);
    this.#events = events;
    events.addEventListener('active', () => this.#presented(true));
    events.addEventListener('inactive', () => this.#presented(false));
    // Browsers open it again, unless what answers is not the stream any more.
    events.onerror = () => {
      if (events.readyState === 2) void this.#verify(pc, url);
    };
  }

  /** The stream's URL; empty where there is none to have. @param {string} url */
  async #askForEvents(url) {
    const response = await this.#request(url, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '["active","inactive"]', signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    const location = response.headers.get('Location');
    return response.ok && location ? this.#resolve(response, location) : '';
  }

  /** @param {RTCPeerConnection} pc @param {string} url */
  #listenLater(pc, url) {
    clearTimeout(this.#relisten);
    this.#relisten = setTimeout(() => this.#listen(pc, url), 1_000 * jittered(EVENTS_RETRY));
  }

  /** Whether the relay still has our session. If so, its events go on. @param {RTCPeerConnection} pc @param {string} url */
  async #verify(pc, url) {
    const signal = AbortSignal.timeout(ANSWER_WITHIN);
    const status = await this.#request(this.#location, { signal }).then((response) => response.status, () => 0);
    if (pc !== this.#pc) return;
    if (status === 404) this.#again();
    else this.#listenLater(pc, url);
  }

  /** Where no events tell, frames do. @param {RTCPeerConnection} pc */
  async #count(pc) {
    const count = progress(await pc.getStats());
    if (pc !== this.#pc) return;
    const before = this.#progress;
    const growing = count !== before.count;
    this.#progress = { count, growing, at: growing ? Date.now() : before.at };
    if (this.#events?.readyState === 1) return;
    // The last picture of a presenter who is away comes alone.
    if (growing && before.growing) this.#presented(true);
    else if (Date.now() - this.#progress.at >= FRAMELESS) this.#presented(false);
  }

  /** @param {boolean} active */
  #presented(active) {
    this.#active = active;
    if (this.#pc?.connectionState === 'connected') this.#show();
  }

  /** @param {RTCPeerConnection} pc */
  #moved(pc) {
    if (pc !== this.#pc) return;
    switch (pc.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#wasConnected = true;
        clearInterval(this.#counter);
        this.#progress.at = Date.now();
        this.#counter = setInterval(() => this.#count(pc), COUNT_EVERY);
        if (this.#active) this.#show();
        else this.#after(PATIENCE / 1_000, () => this.#show());
        break;
      case 'disconnected':
        this.#after(PATIENCE / 1_000, () => this.#again());
        break;
      case 'failed':
        this.#again();
    }
  }

  #show() {
    this.#set(this.#active ? 'playing' : 'waiting');
  }

  /** With another session. Who waits for the presenter has lost nothing yet. */
  #again() {
    this.#drop();
    if (this.#state !== 'waiting') this.#set('reconnecting');
    const wait = this.#attempts === 0 ? Math.random() / 2 : jittered(AGAIN[Math.min(this.#attempts, AGAIN.length) - 1]);
    this.#attempts++;
    this.#after(wait, () => this.start());
  }

  /** @param {State} state @param {number} seconds */
  #retry(state, seconds) {
    this.#drop();
    this.#set(state);
    this.#after(jittered(seconds), () => this.start());
  }

  /** @param {number} seconds @param {() => void} step */
  #after(seconds, step) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(step, 1_000 * seconds);
  }

  /** @param {State} state */
  #set(state) {
    if (state === 'playing') this.#attempts = 0;
    if (state === this.#state) return;
    this.#state = state;
    this.#options.changed(state);
  }

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#relisten);
    clearInterval(this.#counter);
    this.#events?.close();
    this.#pc?.close();
    if (this.#location) this.#end(this.#location);
    this.#events = this.#pc = this.#stream = null;
    this.#location = '';
    this.#active = false;
    this.#progress = { count: 0, at: 0, growing: false };
  }

  /** The page may be going away itself. @param {string} location */
  #end(location) {
    this.#request(location, { method: 'DELETE', keepalive: true }).catch(() => {});
  }

  /** @param {Response} response @param {string} url  relative to it */
  #resolve(response, url) {
    return new URL(url, response.url || this.#options.endpoint).href;
  }
}

const STYLE = `
  :host { display: block; container-type: inline-size; position: relative; aspect-ratio: 16 / 9; overflow: hidden; background: #000; color: #fff; font: 16px/1.4 system-ui, sans-serif; }
  :host([hidden]), [hidden] { display: none !important; }
  video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
  .veil { position: absolute; inset: 0; display: grid; place-content: center; padding: 16px; text-align: center; text-wrap: balance;
    font-size: clamp(15px, 4cqw, 24px); font-weight: 600; background: rgb(10 12 18 / 78%); transition: opacity .25s; }
  .veil:empty { opacity: 0; pointer-events: none; }
  button { display: inline-flex; align-items: center; gap: 8px; min-width: 44px; min-height: 44px; padding: 8px; border: 0; border-radius: 10px;
    font: inherit; font-weight: 600; color: #fff; background: rgb(10 12 18 / 62%); cursor: pointer; }
  button:focus-visible { outline: 3px solid #7c98ff; outline-offset: -3px; }
  svg { width: 24px; height: 24px; fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
  .big { position: absolute; left: 50%; bottom: 18%; translate: -50% 0; padding: 12px 22px; border-radius: 99px; white-space: nowrap; color: #10131c; background: #fff; }
  .bar { position: absolute; right: 8px; bottom: 8px; display: flex; gap: 8px; opacity: 0; transition: opacity .25s; }
  :host(:hover) .bar, .bar:focus-within { opacity: 1; }
  @media (hover: none) { .bar { opacity: 1; } }
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

/** @typedef {HTMLVideoElement & {webkitEnterFullscreen?: () => void}} Video */

/**
 * The element. Attributes: `src`; `muted`, to begin without sound and not offer it; `controls`,
 * for the buttons. Events: `playing`, `waiting`, `reconnecting`. Owns its shadow DOM, and knows
 * what the browser did not allow.
 */
export class RelayPlayer extends HTMLElement {
  static observedAttributes = ['src', 'muted', 'controls'];
  /** @type {Video} */ #video = make('video', { playsInline: true, autoplay: true });
  #status = make('div', { className: 'veil' });
  #big = make('button', { className: 'big', type: 'button', hidden: true, onclick: () => this.#unmute() });
  #mute = make('button', { type: 'button', onclick: () => (this.#video.muted ? this.#unmute() : this.#setMuted(true)) });
  #full = make('button', { type: 'button', onclick: () => this.#toggleFullscreen() }, icon('fullscreen'));
  #bar = make('div', { className: 'bar', hidden: true }, this.#mute, this.#full);
  /** In a document. */
  #shown = false;
  /** @type {'sound'|'play'|null} */ #denied = null;
  /** Null without an address, or where the browser cannot play. @type {Watcher|null} */ #watcher = null;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    root.append(this.#video, this.#status, this.#big, this.#bar);
    this.#status.setAttribute('role', 'status');
    this.#video.addEventListener('volumechange', () => this.#render());
    this.#video.addEventListener('dblclick', () => this.#toggleFullscreen());
    // There is no button to pause with: it was the system.
    this.#video.addEventListener('pause', () => void this.#play());
  }

  /** @returns {State} */
  get state() {
    return this.#watcher?.state ?? 'failed';
  }

  connectedCallback() {
    this.#shown = true;
    this.#start();
    addEventListener('pagehide', this.#stop);
    addEventListener('pageshow', this.#resume);
  }

  disconnectedCallback() {
    this.#shown = false;
    this.#stop();
    removeEventListener('pagehide', this.#stop);
    removeEventListener('pageshow', this.#resume);
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (name === 'muted') this.#setMuted(this.hasAttribute('muted'));
    if (name === 'src') this.#video.srcObject = null;
    if (name === 'src' && this.#shown) this.#start();
    this.#render();
  }

  #start() {
    this.#stop();
    const endpoint = endpointOf(this.getAttribute('src'));
    const able = endpoint && 'RTCPeerConnection' in window;
    this.#watcher = able ? new Watcher({ endpoint, changed: (state) => this.#changed(state), attach: (stream) => this.#attach(stream) }) : null;
    this.#watcher?.start();
    this.#render();
  }

  #stop = () => this.#watcher?.stop();

  /** A page that is kept for "back" comes alive again. @param {PageTransitionEvent} event */
  #resume = ({ persisted }) => {
    if (persisted) this.#watcher?.start();
  };

  /** @param {State} state */
  #changed(state) {
    this.#render();
    if (state === 'playing' || state === 'waiting' || state === 'reconnecting') this.dispatchEvent(new Event(state));
  }

  #render() {
    const words = this.#words;
    const playing = this.state === 'playing';
    const { muted } = this.#video;
    this.#say(this.#status, words[this.#sentence]);
    this.#say(this.#big, words[this.#denied ?? 'sound']);
    this.#big.hidden = !playing || !this.#denied;
    this.#bar.hidden = !this.hasAttribute('controls');
    this.#full.hidden = !document.fullscreenEnabled && !this.#video.webkitEnterFullscreen;
    this.#mute.replaceChildren(icon(muted ? 'unmute' : 'mute'));
    this.#label(this.#mute, words[muted ? 'unmute' : 'mute']);
    this.#label(this.#full, words.fullscreen);
    this.#video.setAttribute('aria-label', words.video);
  }

  /** @returns {keyof typeof SENTENCES.en} */
  get #sentence() {
    if (!endpointOf(this.getAttribute('src'))) return 'src';
    return this.#watcher?.sentence ?? 'incapable';
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

  /** @param {MediaStream} stream */
  #attach(stream) {
    if (this.#video.srcObject === stream) return;
    this.#video.srcObject = stream;
    void this.#play();
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
    this.#setMuted(false);
    void this.#play();
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
