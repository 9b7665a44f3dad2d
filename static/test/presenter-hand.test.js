import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { manages, presentText } from '../js/presentstate.js';
import { FakePeer, FakeSocket, reset, room, settle } from './fakes.js';
import { begin } from './stage.js';

const others = { state: 'live', since: '2026-05-01T10:42:00Z' };

beforeEach(reset);

/** The relay lets this page in no more. */
function refuse(code, fields = {}) {
  FakeSocket.last.onopen();
  FakeSocket.last.receive({ type: 'error', code, message: '', ...fields });
  FakeSocket.last.onclose();
}

test('presenting needs a key: asked for, and then ready', async (t) => {
  const { presenter, tick } = begin(t, { welcome: null });
  refuse('unauthorized', { reason: 'key' });
  assert.equal(presenter.state, 'key');
  assert.equal(presentText(presenter.state, presenter.facts), 'push.key');
  await tick(60_000);
  assert.equal(FakeSocket.all.length, 1);
  presenter.again();
  assert.equal(presenter.state, 'loading');
  FakeSocket.last.welcome();
  assert.equal(presenter.state, 'ready');
});

test('a key for watching only, and a link that is too old', (t) => {
  const { presenter } = begin(t, { welcome: null, keyed: () => true });
  refuse('forbidden');
  assert.equal(presenter.state, 'key');
  presenter.again();
  refuse('unauthorized', { reason: 'expired' });
  assert.equal(presentText(presenter.state, presenter.facts), 'push.expired');
});

test('the viewers’ link holds what the relay gave, by either way', async (t) => {
  const { presenter, says, tick } = begin(t, { welcome: { invite: 'a.b.c' } });
  assert.equal(presenter.invite, 'a.b.c');
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ origins: null });
  assert.equal(presenter.invite, 'a.b.c', 'over HTTP it comes with the answer');
  says({ type: 'answer', sdp: 'a', resume: 'r2', invite: 'd.e.f' });
  assert.equal(presenter.invite, 'd.e.f');
  assert.equal(presenter.secret, 'r2');
});

test('those who watch are ours to manage while we present, or are expected back', async (t) => {
  const { presenter, share, says } = begin(t);
  assert.ok(!manages(presenter.facts));
  await share();
  assert.ok(!manages(presenter.facts), 'nothing has arrived yet');
  says({ type: 'room', ...room(others) });
  assert.ok(manages(presenter.facts));
  presenter.stop();
  assert.ok(!manages(presenter.facts));
});

test('the room of somebody else is not', (t) => {
  const { presenter, says } = begin(t);
  says({ type: 'room', ...room(others) });
  assert.equal(presenter.state, 'held');
  assert.ok(!manages(presenter.facts));
});

test('granted: joins with the secret, is ready, and takes the room by sharing', async (t) => {
  const { presenter, share, tick } = begin(t, { welcome: null });
  refuse('room-busy', { since: others.since });
  assert.equal(presenter.state, 'held');
  presenter.take('the-secret');
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, 'the-secret');
  FakeSocket.last.welcome({ ...others, resume: 'r9' });
  assert.equal(presenter.state, 'ready');
  assert.equal(presentText(presenter.state, presenter.facts), 'push.granted');
  assert.ok(!manages(presenter.facts), 'not yet');
  await share();
  assert.equal(presenter.state, 'live');
  assert.ok(manages(presenter.facts));
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, 'r9', 'ours from now on');
});

test('granted to a page that had joined before the other presented: it leaves its own place first', (t) => {
  const { presenter, says } = begin(t);
  says({ type: 'room', ...room(others) });
  const before = FakeSocket.last;
  presenter.take('the-secret');
  assert.equal(before.of('leave').length, 1);
  assert.ok(before.closed);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, 'the-secret');
});

test('granted, and not used: the room is somebody else’s as before', async (t) => {
  const { presenter, tick } = begin(t);
  presenter.take('the-secret');
  FakeSocket.last.welcome({ ...others });
  presenter.giveUp();
  assert.equal(presenter.state, 'held');
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, undefined);
});

test('handed over: everything is let go, and nothing is done to come back', async (t) => {
  const { presenter, share, senders, says, told, tick } = begin(t);
  await share();
  says({ type: 'room', ...room(others) });
  const { track } = senders()[0];
  says({ type: 'bye', reason: 'handed-over', retryAfter: 0 });
  FakeSocket.last.onclose();
  assert.ok(track.stopped);
  assert.equal(told(), 'bye.handed-over');
  await tick(500);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, undefined, 'as a newcomer');
  FakeSocket.last.receive({ type: 'error', code: 'room-busy', message: '', since: others.since });
  FakeSocket.last.onclose();
  assert.equal(presenter.state, 'held');
  const peers = FakePeer.all.length;
  await tick(60_000);
  assert.equal(FakePeer.all.length, peers);
});

test('ended for all, or for sending too much: at rest, with a word, and ready again', async (t) => {
  for (const reason of ['ended', 'too-much']) {
    reset();
    const { presenter, share, senders, says, told, tick } = begin(t);
    await share();
    says({ type: 'room', ...room(others) });
    const { track } = senders()[0];
    says({ type: 'bye', reason, retryAfter: 0 });
    FakeSocket.last.onclose();
    assert.ok(track.stopped);
    assert.equal(told(), `bye.${reason}`);
    await tick(500);
    FakeSocket.last.welcome({ id: 's2' });
    assert.equal(presenter.state, 'ended');
    assert.equal(told(), `bye.${reason}`, 'still true');
    await share();
    assert.equal(told(), null);
    await settle();
    t.mock.timers.reset();
  }
});
