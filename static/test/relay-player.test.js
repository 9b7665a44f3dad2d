import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { FakeRelay, FakeSource } from './fakerelay.js';
import { FakePeer, FakeStream, reset, rest, room } from './fakes.js';

// What the file needs in order to be read; what it does with it is for browsers.
globalThis.HTMLElement = class {};
globalThis.customElements = { define: () => {}, get: () => undefined };
globalThis.MediaStream = FakeStream;
const { endpointOf, Watcher } = await import('../js/relay-player.js');

const endpoint = 'https://relay.example/whep/math';
const live = room({ state: 'live' });

/** A watcher that was started. */
async function begin(t, fields = live) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  t.mock.method(Math, 'random', () => 0.5);
  const relay = new FakeRelay();
  relay.room = fields;
  const told = [];
  const attached = [];
  const watcher = new Watcher({
    endpoint, changed: (state) => told.push(state), attach: (stream) => attached.push(stream),
    request: relay.request, createPeer: () => new FakePeer(), createSource: (url) => new FakeSource(url),
  });
  watcher.start();
  await rest();
  const tick = async (ms) => {
    t.mock.timers.tick(ms);
    await rest();
  };
  const plays = () => {
    FakePeer.last.become('connected');
    FakePeer.last.transceivers[0].receiver.track.onunmute();
  };
  return { relay, watcher, told, attached, tick, plays };
}

beforeEach(reset);

test('only the address of a WHEP endpoint is one', () => {
  for (const good of [endpoint, 'http://192.168.1.20:8080/whep/a_b-9', 'https://school.example/relay/whep/math']) assert.equal(endpointOf(good), good);
  for (const bad of [null, '', 'math', '/whep/math', '//relay.example/whep/math', 'ftp://relay.example/whep/math', 'javascript:alert(1)//whep/math',
    'https://relay.example/pull/math', 'https://relay.example/whep/', 'https://relay.example/whep/a/b', 'https://relay.example/whep/a%20b',
    'https://ada:secret@relay.example/whep/math', 'https://relay.example/whep/math?x', 'https://relay.example/whep/math#x']) {
    assert.equal(endpointOf(bad), null, String(bad));
  }
});

test('offers to receive, without a delay in reserve, and plays', async (t) => {
  const { relay, watcher, told, attached, plays } = await begin(t);
  assert.deepEqual(FakePeer.last.transceivers.map(({ kind, init }) => [kind, init.direction]), [['video', 'recvonly'], ['audio', 'recvonly']]);
  assert.ok(FakePeer.last.transceivers.every(({ receiver }) => receiver.jitterBufferTarget === 0));
  assert.equal(FakePeer.last.remoteDescription.sdp, 'answer 1');
  assert.deepEqual([...relay.sessions], ['/whep/math/s1']);
  assert.equal(watcher.sentence, 'connecting');
  plays();
  assert.deepEqual(told, ['playing']);
  assert.equal(new Set(attached).size, 1);
});

test('waits where nobody presents, and asks again when the relay said', async (t) => {
  const { relay, told, attached, tick, plays } = await begin(t, room());
  assert.deepEqual(told, ['waiting']);
  assert.deepEqual(attached, [], 'or the page would be loading until somebody presents');
  relay.room = live;
  await tick(3_400);
  assert.equal(relay.sessions.size, 0, 'never sooner, and not all at once');
  await tick(50);
  plays();
  assert.deepEqual(told, ['waiting', 'playing']);
  assert.equal(FakePeer.all.length, 1, 'the offer is as good as before');
});

test('connected, but the presenter is away: waits', async (t) => {
  const { told, tick } = await begin(t, { ...live, state: 'away' });
  FakePeer.last.become('connected');
  await tick(1_900);
  assert.deepEqual(told, []);
  await tick(100);
  assert.deepEqual(told, ['waiting']);
});

test('events tell when the presenter goes and comes', async (t) => {
  const { relay, told } = await begin(t);
  assert.equal(FakeSource.last.url, 'https://relay.example/whep/math/s1/sse/e1');
  assert.equal(relay.body, '["active","inactive"]');
  FakeSource.last.tell('active');
  FakePeer.last.become('connected');
  FakeSource.last.tell('inactive');
  FakeSource.last.tell('active');
  assert.deepEqual(told, ['playing', 'waiting', 'playing']);
});

test('a relay that goes away and comes back', async (t) => {
  const { relay, watcher, told, attached, tick, plays } = await begin(t);
  plays();
  relay.up = false;
  relay.sessions.clear();
  FakePeer.last.become('disconnected');
  await tick(1_900);
  assert.deepEqual(told, ['playing'], 'ICE may come back by itself');
  await tick(100);
  assert.equal(watcher.sentence, 'reconnecting');
  const { length } = attached;
  await tick(20_000);
  assert.equal(attached.length, length, 'the last picture stays');
  relay.up = true;
  await tick(2_000);
  plays();
  assert.deepEqual(told, ['playing', 'reconnecting', 'playing']);
  assert.deepEqual([...relay.sessions], ['/whep/math/s2']);
});

test('a relay that says goodbye is not waited for', async (t) => {
  const { told, plays, tick } = await begin(t);
  plays();
  const { transport } = FakePeer.last.getReceivers()[0];
  transport.state = 'closed';
  transport.onstatechange();
  assert.deepEqual(told, ['playing', 'reconnecting']);
  await tick(250);
  assert.equal(FakePeer.all.length, 2);
});

test('a session that has ended is noticed by its events; events that broke off are nothing', async (t) => {
  const { relay, plays, tick } = await begin(t);
  plays();
  FakeSource.last.fail(false);
  FakeSource.last.fail(true);
  await rest();
  assert.equal(FakePeer.all.length, 1);
  relay.sessions.clear();
  FakeSource.last.fail(true);
  await rest();
  await tick(250);
  assert.equal(FakePeer.all.length, 2);
});

test('a session that ended because nobody presents: it goes on waiting', async (t) => {
  const { relay, told, plays, tick } = await begin(t);
  plays();
  FakeSource.last.tell('inactive');
  relay.room = room();
  relay.sessions.clear();
  FakePeer.last.become('failed');
  await tick(250);
  assert.deepEqual(told, ['playing', 'waiting']);
});

test('a relay that was never reached, one that is busy, one that refuses', async (t) => {
  const { relay, watcher, told, tick } = await begin(t, room());
  relay.up = false;
  await tick(3_450);
  assert.equal(watcher.sentence, 'unreachable');
  relay.up = true;
  relay.instead = new Response('', { status: 503, headers: { 'Retry-After': '7' } });
  await tick(2_000);
  relay.instead = new Response('', { status: 403 });
  await tick(6_900);
  assert.equal(watcher.state, 'reconnecting');
  await tick(100);
  assert.equal(watcher.sentence, 'failed');
  await tick(10_000);
  assert.deepEqual(told, ['waiting', 'reconnecting', 'failed', 'waiting']);
});

test('media that does not get through: another session', async (t) => {
  const { relay, tick } = await begin(t);
  await tick(10_000);
  await tick(250);
  assert.deepEqual([...relay.sessions], ['/whep/math/s2']);
});

test('sessions that end one after the other are not asked for at once, until one plays', async (t) => {
  const { tick, plays } = await begin(t);
  for (const wait of [250, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    const { length } = FakePeer.all;
    FakePeer.last.become('failed');
    await tick(wait - 1);
    assert.equal(FakePeer.all.length, length, `before ${wait}`);
    await tick(1);
    assert.equal(FakePeer.all.length, length + 1, `after ${wait}`);
  }
  plays();
  const { length } = FakePeer.all;
  FakePeer.last.become('failed');
  await tick(250);
  assert.equal(FakePeer.all.length, length + 1);
});

test('events that ended while the session lives are asked for again', async (t) => {
  const { relay, told, tick, plays } = await begin(t);
  plays();
  const first = FakeSource.last;
  first.fail(true);
  await rest();
  await tick(3_000);
  assert.equal(relay.of('POST').filter((line) => line.endsWith('/sse')).length, 2);
  assert.notEqual(FakeSource.last, first);
  FakeSource.last.tell('inactive');
  assert.deepEqual(told, ['playing', 'waiting']);
});

test('where there are no events, frames tell', async (t) => {
  const { told, tick, plays } = await begin(t);
  plays();
  FakeSource.last.fail(false);
  const decoded = (framesDecoded) => FakePeer.last.stats.set('v', { type: 'inbound-rtp', kind: 'video', framesDecoded });
  for (let frames = 1; frames <= 5; frames++) {
    decoded(frames);
    await tick(1_000);
  }
  assert.deepEqual(told, ['playing']);
  for (let seconds = 0; seconds < 5; seconds++) await tick(1_000);
  assert.deepEqual(told, ['playing', 'waiting']);
  decoded(6);
  await tick(1_000);
  assert.deepEqual(told, ['playing', 'waiting'], 'one picture is none that moves');
  decoded(7);
  await tick(1_000);
  assert.deepEqual(told, ['playing', 'waiting', 'playing']);
});

test('where there are events, a still picture is no reason to wait', async (t) => {
  const { told, tick, plays } = await begin(t);
  plays();
  for (let seconds = 0; seconds < 10; seconds++) await tick(1_000);
  assert.deepEqual(told, ['playing']);
});

test('stopped, it leaves and asks nothing more, even while a session is being made', async (t) => {
  const { relay, watcher, tick } = await begin(t);
  watcher.stop();
  await rest();
  assert.equal(relay.sessions.size, 0);
  watcher.start();
  watcher.stop();
  await rest();
  assert.equal(relay.sessions.size, 0);
  const { length } = relay.asked;
  await tick(60_000);
  assert.equal(relay.asked.length, length);
});

test('a PeerConnection that cannot be made is tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let attempts = 0;
  const relay = new FakeRelay();
  relay.room = live;
  const createPeer = () => {
    if (attempts++ === 0) throw new Error('UnknownError');
    return new FakePeer();
  };
  const watcher = new Watcher({ endpoint, changed: () => {}, attach: () => {}, request: relay.request, createPeer, createSource: (url) => new FakeSource(url) });
  watcher.start();
  t.mock.timers.tick(3_000);
  await rest();
  assert.equal(relay.sessions.size, 1);
  watcher.stop();
});
