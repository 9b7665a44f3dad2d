import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { FakeRelay, FakeSource, problem } from './fakerelay.js';
import { FakePeer, FakeStream, reset, rest, room } from './fakes.js';

/** As much of an element as <relay-player> uses. */
class FakeElement {
  attributes = {};
  listeners = {};
  children = [];
  textContent = '';
  srcObject = null;
  /** What the browser makes of play(). */
  static refusal = null;

  append(...children) {
    this.children.push(...children);
  }

  replaceChildren() {}
  dispatchEvent() {}

  addEventListener(type, listener) {
    this.listeners[type] = listener;
  }

  attachShadow() {
    this.shadowRoot = new FakeElement();
    return this.shadowRoot;
  }

  /** The page is in English. */
  closest() {
    return { getAttribute: () => this.attributes.lang ?? 'en' };
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  hasAttribute(name) {
    return name in this.attributes;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
    if (this.constructor.observedAttributes?.includes(name)) this.attributeChangedCallback(name);
  }

  focus() {
    FakeElement.focused = this;
  }

  async play() {
    if (FakeElement.refusal && !this.muted) throw new DOMException('', FakeElement.refusal);
  }
}

const relay = new FakeRelay();
const defined = new Map();
const listeners = {};
Object.assign(globalThis, {
  HTMLElement: FakeElement,
  MediaStream: FakeStream,
  RTCPeerConnection: FakePeer,
  EventSource: FakeSource,
  CSSStyleSheet: class { replaceSync() {} },
  customElements: {
    get: (name) => defined.get(name),
    define(name, element) {
      if (defined.has(name)) throw new DOMException('', 'NotSupportedError');
      defined.set(name, element);
    },
  },
  document: { createElement: () => new FakeElement(), createElementNS: () => new FakeElement(), baseURI: 'https://relay.example/lessons/', readyState: 'complete' },
  window: globalThis,
  addEventListener: (type, listener) => { listeners[type] = listener; },
  removeEventListener: () => {},
  fetch: relay.request,
});
await import('../js/relay-player.js');

const src = 'https://relay.example/whep/math';

beforeEach(() => {
  reset();
  relay.asked = [];
  relay.room = room({ state: 'live' });
  document.readyState = 'complete';
  FakeElement.refusal = null;
});

/** An element in the page, and its parts. */
async function show(t, attributes) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const player = new (defined.get('relay-player'))();
  for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
  player.connectedCallback();
  await rest();
  t.after(() => player.disconnectedCallback());
  const [video, status, big, again, bar] = player.shadowRoot.children;
  return { player, video, status, big, again, mute: bar.children[0] };
}

/** The element's session has a picture, and sound if that is said. */
async function play(sound) {
  const [video, audio] = FakePeer.last.getReceivers().map(({ track }) => track);
  audio.muted = !sound;
  FakePeer.last.stats.set('v', { type: 'inbound-rtp', kind: 'video', framesDecoded: 1, packetsReceived: 1 });
  FakePeer.last.become('connected');
  video.onunmute();
  FakeSource.last.tell('active');
  await rest();
}

test('another address, or one that is none, takes the old picture away', async (t) => {
  const { player, video } = await show(t, { src });
  for (const other of ['https://relay.example/whep/art', 'nowhere']) {
    video.srcObject = new FakeStream();
    player.setAttribute('src', other);
    assert.equal(video.srcObject, null, other);
  }
});

test('the same address again changes nothing', async (t) => {
  const { player, video } = await show(t, { src });
  const stream = video.srcObject;
  for (const same of [src, '/whep/math', '../whep/math/', ` ${src} `]) player.setAttribute('src', same);
  await rest();
  assert.ok(stream);
  assert.equal(video.srcObject, stream);
  assert.equal(FakePeer.all.length, 1);
});

test('an address that is wrong is told of, none is not', async (t) => {
  const { player, status } = await show(t, {});
  assert.equal(status.textContent, '');
  player.setAttribute('src', 'math');
  assert.match(status.textContent, /WHEP address/);
  assert.equal(player.state, 'failed');
});

test('lang that is set later', async (t) => {
  relay.room = room();
  const { player, status } = await show(t, { src });
  assert.equal(status.textContent, 'Waiting for the presenter');
  player.setAttribute('lang', 'zh');
  assert.equal(status.textContent, '等待演示者');
});

test('a stream without media does not hold up a page that loads', async (t) => {
  document.readyState = 'interactive';
  t.mock.method(FakeStream.prototype, 'addTrack', function (track) {
    track.muted = true;
    this.tracks.push(track);
  });
  const { video } = await show(t, { src });
  assert.equal(video.srcObject, null);
  document.readyState = 'complete';
  listeners.load();
  assert.ok(video.srcObject);
});

test('a stream with media is shown while the page loads', async (t) => {
  document.readyState = 'interactive';
  const { video } = await show(t, { src });
  assert.ok(video.srcObject);
});

test('sound is offered where there is some, and who took it with the keyboard keeps a place', async (t) => {
  FakeElement.refusal = 'NotAllowedError';
  const { player, video, big, mute } = await show(t, { src, controls: '' });
  await play(false);
  assert.equal(player.state, 'playing');
  assert.equal(big.hidden, true);
  const [, audio] = FakePeer.last.getReceivers().map(({ track }) => track);
  audio.muted = false;
  audio.onunmute();
  assert.equal(big.hidden, false);
  audio.muted = true;
  audio.onmute();
  assert.equal(big.hidden, true);
  FakeElement.refusal = null;
  player.shadowRoot.activeElement = big;
  big.onclick();
  assert.equal(video.muted, false);
  assert.equal(FakeElement.focused, mute);
});

test('a page may load the file twice', async () => {
  const element = defined.get('relay-player');
  await import('../js/relay-player.js?again');
  assert.equal(defined.get('relay-player'), element);
});

test('a token that comes late opens the room', async (t) => {
  relay.refuse = () => problem(401, 'unauthorized', undefined, 'key');
  const { player, status } = await show(t, { src, lang: 'en' });
  assert.match(status.textContent, /needs a key/);
  relay.refuse = null;
  player.setAttribute('token', ' a.b.c ');
  player.attributeChangedCallback('token');
  await rest();
  assert.equal(relay.shown.findLast(([line]) => line === 'POST /whep/math')[1].Authorization, 'Bearer a.b.c');
});

test('whoever was removed has a button to watch again', async (t) => {
  relay.refuse = () => problem(403, 'forbidden', '60', 'removed');
  const { status, again } = await show(t, { src, lang: 'en' });
  assert.match(status.textContent, /has removed you/);
  assert.equal(again.hidden, false);
  relay.refuse = null;
  again.onclick();
  await rest();
  assert.equal(again.hidden, true);
  assert.equal(relay.of('POST').filter((line) => line === 'POST /whep/math').length, 2);
});
