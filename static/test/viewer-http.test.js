import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { HttpSession } from '../js/httpsession.js';
import { HttpSocket } from '../js/httpsocket.js';
import { Viewer } from '../js/viewer.js';
import { viewText } from '../js/viewstate.js';
import { FakeRelay, FakeSource } from './fakerelay.js';
import { FakePeer, FakeStream, reset, rest, room, storage } from './fakes.js';

globalThis.MediaStream = FakeStream;

const live = room({ state: 'live', video: 'VP8', audio: true, since: '2026-05-01T10:42:00Z' });

/** A viewer whose signaling is HTTP. */
async function begin(t, fields = room()) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const relay = new FakeRelay();
  relay.room = fields;
  const session = new HttpSession('/whep/math', relay.request);
  const connect = () => new HttpSocket({ role: 'viewer', room: 'math', session, request: relay.request, createSource: (url) => new FakeSource(url) });
  const seen = [];
  const viewer = new Viewer({
    signaling: { url: 'u', key: 'k', storage: storage(), codecs: ['video/VP8'], connect },
    createPeer: () => new FakePeer(), unable: null, attach: () => {}, reattach: () => {},
    changed: (state) => state === seen.at(-1) || seen.push(state),
  });
  viewer.start();
  await rest();
  const tick = async (ms) => {
    for (let passed = 0; passed < ms; passed += 500) {
      t.mock.timers.tick(500);
      await rest();
    }
  };
  const connected = async () => {
    FakePeer.last.become('connected');
    viewer.frame();
  };
  return { relay, viewer, seen, tick, connected };
}

beforeEach(reset);

test('waits for as long as the room is idle, and plays when it is live', async (t) => {
  const { relay, viewer, seen, tick, connected } = await begin(t);
  await tick(60_000);
  assert.equal(viewer.state, 'waiting');
  assert.deepEqual(relay.of('POST'), ['POST /whep/math'], 'asked once; the room is looked at instead');
  relay.room = live;
  await tick(2_000);
  assert.deepEqual([...relay.sessions], ['/whep/math/s1']);
  await connected();
  assert.deepEqual(seen, ['loading', 'waiting', 'loading', 'live']);
});

test('a presenter who goes and comes back, after the relay has ended the session', async (t) => {
  const { relay, viewer, seen, tick, connected } = await begin(t, live);
  await connected();
  relay.room = room();
  await tick(10_000);
  assert.equal(viewText(viewer.state, viewer.facts), 'pull.stopped');
  relay.sessions.clear();
  FakeSource.last.fail(true);
  FakePeer.last.become('failed');
  await tick(10_000);
  assert.equal(viewer.state, 'waiting');
  relay.room = live;
  await tick(2_000);
  await connected();
  assert.deepEqual(seen, ['loading', 'live', 'waiting', 'loading', 'live']);
});

test('a restarted relay: another session at once', async (t) => {
  const { relay, viewer, tick, connected } = await begin(t, live);
  await connected();
  relay.up = false;
  FakeSource.last.fail(false);
  await tick(3_000);
  relay.sessions.clear();
  relay.up = true;
  await tick(2_000);
  assert.equal(FakePeer.all.length, 2);
  assert.deepEqual([...relay.sessions], ['/whep/math/s2']);
  await tick(1_500);
  assert.equal(viewer.state, 'reconnecting');
  await connected();
  assert.equal(viewer.state, 'live');
});

test('a relay that is out of reach for a moment: the session goes on', async (t) => {
  const { relay, viewer, tick, connected } = await begin(t, live);
  await connected();
  relay.up = false;
  FakeSource.last.fail(false);
  await tick(1_000);
  relay.up = true;
  await tick(3_000);
  assert.equal(FakePeer.all.length, 1);
  assert.equal(viewer.state, 'live');
  assert.deepEqual([...relay.sessions], ['/whep/math/s1']);
});

test('ICE is restarted on the session', async (t) => {
  const { relay, viewer, connected } = await begin(t, live);
  await connected();
  FakePeer.last.become('failed');
  await rest();
  assert.deepEqual(relay.of('PATCH'), ['PATCH /whep/math/s1']);
  await connected();
  assert.equal(viewer.state, 'live');
  assert.equal(FakePeer.all.length, 1);
});

test('an answer that takes its time is waited for', async (t) => {
  const { relay, viewer, tick, connected } = await begin(t);
  let answer = () => {};
  relay.hold = new Promise((resolve) => { answer = resolve; });
  relay.room = live;
  await tick(5_500);
  assert.equal(relay.of('POST').filter((line) => line === 'POST /whep/math').length, 2);
  const peers = FakePeer.all.length;
  answer();
  await rest();
  assert.equal(FakePeer.all.length, peers);
  await connected();
  assert.equal(viewer.state, 'live');
});

test('a relay that says when to come again is not asked sooner', async (t) => {
  const { relay, tick } = await begin(t, live);
  const full = { status: 503, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '5' } };
  FakePeer.last.become('failed');
  relay.instead = new Response('{"code":"room-full","detail":""}', full);
  await tick(500);
  const { length } = FakePeer.all;
  await tick(4_000);
  assert.equal(FakePeer.all.length, length);
  await tick(1_000);
  assert.equal(FakePeer.all.length, length + 1);
});

test('a page that goes away ends its session', async (t) => {
  const { relay, viewer } = await begin(t, live);
  viewer.stop();
  await rest();
  assert.equal(relay.sessions.size, 0);
});
