import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakePeer, FakeStream } from './fakes.js';

/** As much of an element as <relay-player> uses. */
class FakeElement {
  attributes = {};
  srcObject = null;

  append() {}
  replaceChildren() {}
  addEventListener() {}
  dispatchEvent() {}

  attachShadow() {
    return { append: (video) => { this.video = video; } };
  }

  /** The page is in English. */
  closest() {
    return { getAttribute: () => 'en' };
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  hasAttribute(name) {
    return name in this.attributes;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
    this.attributeChangedCallback?.(name);
  }

  async play() {}
}

const defined = new Map();
Object.assign(globalThis, {
  HTMLElement: FakeElement,
  MediaStream: FakeStream,
  RTCPeerConnection: FakePeer,
  CSSStyleSheet: class { replaceSync() {} },
  customElements: {
    get: (name) => defined.get(name),
    define(name, element) {
      if (defined.has(name)) throw new DOMException('', 'NotSupportedError');
      defined.set(name, element);
    },
  },
  document: { createElement: () => new FakeElement(), createElementNS: () => new FakeElement() },
  window: globalThis,
  addEventListener: () => {},
  fetch: async () => new Response(null, { status: 409 }),
});
await import('../js/relay-player.js');

test('another address, or one that is none, takes the old picture away', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const player = new (defined.get('relay-player'))();
  player.setAttribute('src', 'https://relay.example/whep/math');
  player.connectedCallback();
  for (const src of ['https://relay.example/whep/art', 'nowhere']) {
    player.video.srcObject = new FakeStream();
    player.setAttribute('src', src);
    assert.equal(player.video.srcObject, null, src);
  }
});

test('a page may load the file twice', async () => {
  const element = defined.get('relay-player');
  await import('../js/relay-player.js?again');
  assert.equal(defined.get('relay-player'), element);
});
