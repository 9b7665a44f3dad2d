import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { HttpSession } from '../js/httpsession.js';
import { HttpSocket } from '../js/httpsocket.js';
import { Viewer } from '../js/viewer.js';
import { viewText } from '../js/viewstate.js';
import { FakeRelay, FakeSource, problem } from './fakerelay.js';
import { FakePeer, FakeSocket, FakeStream, reset, rest, room, settle, storage } from './fakes.js';

globalThis.MediaStream = FakeStream;

const live = room({ state: 'live', video: 'VP8', audio: true, since: '2026-05-01T10:42:00Z' });

/** A viewer at the door. */
function begin(t, { keyed = false, connect = (url) => new FakeSocket(url) } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const who = { device: 'a-device-of-16-c' };
  const viewer = new Viewer({
    signaling: { url: 'u', key: 'k', storage: storage(), codecs: ['video/VP8'], connect, introduce: () => who },
    createPeer: () => new FakePeer(), unable: null, keyed: () => keyed, changed: () => {}, attach: () => {}, reattach: () => {},
  });
  viewer.start();
  const tick = async (ms) => {
    for (let passed = 0; passed < ms; passed += 500) {
      t.mock.timers.tick(500);
      await rest();
    }
  };
  const refuse = (code, fields = {}) => {
    FakeSocket.last.onopen();
    FakeSocket.last.receive({ type: 'error', code, message: '', ...fields });
    FakeSocket.last.onclose();
  };
  const join = async (fields = live) => {
    FakeSocket.last.welcome(fields);
    await settle();
    FakeSocket.last.receive({ type: 'answer', sdp: 'a' });
    await settle();
    FakePeer.last.become('connected');
  };
  return { viewer, who, tick, refuse, join, says: (message) => FakeSocket.last.receive(message) };
}

beforeEach(reset);

test('a join says who this is, as it is by then', async (t) => {
  const { viewer, who, join } = begin(t);
  await join();
  assert.equal(FakeSocket.last.of('join')[0].device, 'a-device-of-16-c');
  who.name = 'Anna';
  const before = FakeSocket.last;
  viewer.introduce();
  assert.ok(before.closed);
  FakeSocket.last.onopen();
  const [{ name, resume }] = FakeSocket.last.of('join');
  assert.deepEqual([name, resume], ['Anna', 'r1'], 'in its own place');
  FakeSocket.last.welcome(live);
  assert.equal(FakePeer.all.length, 1, 'the media stays');
});

test('a room that needs a key: asked for, and tried at once', async (t) => {
  const { viewer, tick, refuse, join } = begin(t);
  refuse('unauthorized', { reason: 'key' });
  assert.equal(viewer.state, 'key');
  assert.equal(viewText(viewer.state, viewer.facts), 'pull.key');
  await tick(60_000);
  assert.equal(FakeSocket.all.length, 1, 'nothing is tried by itself');
  viewer.again();
  assert.equal(FakeSocket.all.length, 2);
  await join();
  viewer.frame();
  assert.equal(viewer.state, 'live');
});

test('a link that is too old', (t) => {
  const { viewer, refuse } = begin(t, { keyed: true });
  refuse('unauthorized', { reason: 'expired' });
  assert.equal(viewText(viewer.state, viewer.facts), 'pull.expired');
});

test('a key for something else: another one is asked for', (t) => {
  const { viewer, refuse } = begin(t, { keyed: true });
  refuse('forbidden');
  assert.equal(viewer.state, 'key');
});

test('a full room, a locked room: says so, and comes in by itself', async (t) => {
  for (const [code, fields, state] of [['room-full', { retryAfter: 5 }, 'full'], ['forbidden', { reason: 'locked', retryAfter: 10 }, 'locked']]) {
    reset();
    const { viewer, tick, refuse, join } = begin(t);
    refuse(code, fields);
    assert.equal(viewer.state, state);
    const wait = viewer.retryAt - Date.now();
    assert.equal(wait, 1_000 * fields.retryAfter);
    await tick(wait - 500);
    assert.equal(FakeSocket.all.length, 1);
    await tick(1_000);
    assert.equal(FakeSocket.all.length, 2);
    assert.equal(viewer.retryAt, 0, 'it is being asked');
    await join();
    viewer.frame();
    assert.equal(viewer.state, 'live');
    viewer.stop();
    t.mock.timers.reset();
  }
});

test('removed, blocked, ended for all: stays away, also when the world has changed', async (t) => {
  for (const reason of ['removed', 'blocked', 'ended']) {
    reset();
    const { viewer, tick, join, says } = begin(t);
    await join();
    viewer.frame();
    says({ type: 'bye', reason, retryAfter: 0 });
    assert.equal(viewer.state, reason);
    assert.equal(viewText(viewer.state, viewer.facts), `pull.${reason}`);
    assert.equal(viewer.facts.picture, false);
    await tick(60_000);
    viewer.check();
    assert.equal(FakeSocket.all.length, 1);
    assert.equal(FakePeer.all.length, 1);
    assert.equal(FakePeer.last.connectionState, 'closed');
    viewer.stop();
    t.mock.timers.reset();
  }
});

test('whoever was removed may watch again, as a newcomer', async (t) => {
  const { viewer, tick, refuse, join, says } = begin(t);
  await join();
  says({ type: 'bye', reason: 'removed', retryAfter: 0 });
  viewer.again();
  refuse('forbidden', { reason: 'removed', retryAfter: 40 });
  assert.equal(viewer.state, 'removed', 'not yet');
  assert.equal(viewer.backAt - Date.now(), 40_000);
  await tick(60_000);
  assert.equal(FakeSocket.all.length, 2);
  viewer.again();
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, undefined);
  await join();
  viewer.frame();
  assert.equal(viewer.state, 'live');
});

test('the relay is told whether the picture is seen, when that changes', async (t) => {
  const { viewer, join, says, tick } = begin(t);
  await join();
  const told = () => FakeSocket.last.of('picture').map(({ picture }) => picture);
  assert.deepEqual(told(), [false]);
  viewer.frame();
  viewer.frame();
  assert.deepEqual(told(), [false, true]);
  says({ type: 'error', code: 'codec-unsupported', message: '' });
  assert.deepEqual(told(), [false, true, false]);
  await tick(2_000);
  viewer.frame();
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ ...live, id: 's1' });
  assert.deepEqual(told(), [true], 'a relay that may not know is told again');
});

/** A viewer without WebSockets. */
async function beginOverHTTP(t) {
  const relay = new FakeRelay();
  relay.room = live;
  const session = new HttpSession('/whep/math', relay.request);
  const connect = () => new HttpSocket({ role: 'viewer', room: 'math', session, request: relay.request, createSource: (url) => new FakeSource(url) });
  return { relay, ...begin(t, { connect }) };
}

test('over HTTP: a room that needs a key says so at once', async (t) => {
  const { relay, viewer, tick } = await beginOverHTTP(t);
  relay.instead = problem(401, 'unauthorized', undefined, 'key');
  await rest();
  assert.equal(viewer.state, 'key');
  await tick(60_000);
  assert.deepEqual(relay.of('POST'), []);
  viewer.again();
  await rest();
  assert.equal(relay.of('POST')[0], 'POST /whep/math');
});

test('over HTTP: a full room is asked again, and says so for as long as it is', async (t) => {
  const { relay, viewer, tick } = await beginOverHTTP(t);
  relay.refuse = () => problem(503, 'room-full', '5');
  await rest();
  assert.equal(viewer.state, 'full');
  const seen = new Set();
  for (let i = 0; i < 40; i++) {
    await tick(500);
    seen.add(viewer.state);
  }
  assert.deepEqual([...seen], ['full']);
  const asked = relay.of('POST').length;
  assert.ok(asked >= 3 && asked <= 5, `asked ${asked} times in 20 s`);
  relay.refuse = null;
  await tick(6_000);
  FakePeer.last.become('connected');
  viewer.frame();
  assert.equal(viewer.state, 'live');
});

test('over HTTP: removed while watching, and not let in again', async (t) => {
  const { relay, viewer, tick } = await beginOverHTTP(t);
  await rest();
  FakePeer.last.become('connected');
  viewer.frame();
  relay.sessions.clear();
  relay.refuse = () => problem(403, 'forbidden', '60', 'removed');
  await tick(20_000);
  assert.equal(viewer.state, 'removed');
  const asked = relay.asked.length;
  await tick(60_000);
  assert.equal(relay.asked.length, asked);
});

test('over HTTP: a link that became too old ends nothing', async (t) => {
  const { relay, viewer, tick } = await beginOverHTTP(t);
  await tick(1_000);
  FakePeer.last.become('connected');
  viewer.frame();
  relay.shut = () => problem(401, 'unauthorized', undefined, 'expired');
  await tick(60_000);
  assert.equal(viewer.state, 'live');
  assert.deepEqual(relay.of('POST').filter((line) => !line.includes('sse')), ['POST /whep/math']);
});
