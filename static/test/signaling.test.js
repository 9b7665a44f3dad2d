import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Signaling } from '../js/signaling.js';
import { FakeSocket, reset, room, storage } from './fakes.js';

/** A started Signaling, with what it said. */
function begin(t, kept = storage()) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const heard = [];
  let downs = 0;
  const signaling = new Signaling({
    url: 'ws://r/ws/pull/math', key: 'k', storage: kept, codecs: ['video/VP8'],
    receive: (message) => heard.push(message.type), down: () => downs++, connect: (url) => new FakeSocket(url),
  });
  signaling.start();
  return { signaling, heard, kept, downs: () => downs, tick: (ms) => t.mock.timers.tick(ms) };
}

beforeEach(reset);

test('joins as a newcomer, then with the latest resume', (t) => {
  const { signaling, tick } = begin(t);
  FakeSocket.last.welcome({ resume: 'r1' });
  assert.deepEqual(FakeSocket.last.sent, [{ type: 'join', codecs: ['video/VP8'] }]);
  assert.ok(signaling.up);
  FakeSocket.last.onclose();
  assert.ok(!signaling.up);
  tick(400);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.sent[0].resume, 'r1');
});

test('a ping is answered, and is not told', (t) => {
  const { heard } = begin(t);
  FakeSocket.last.welcome();
  FakeSocket.last.receive({ type: 'ping' });
  assert.equal(FakeSocket.last.of('pong').length, 1);
  assert.deepEqual(heard, ['welcome']);
});

test('nothing is sent before the welcome', (t) => {
  const { signaling } = begin(t);
  FakeSocket.last.onopen();
  assert.equal(signaling.send({ type: 'leave' }), false);
  assert.equal(FakeSocket.last.of('leave').length, 0);
});

test('silence for 25 s is the end of a socket; a ping puts it off', (t) => {
  const { tick, downs } = begin(t);
  FakeSocket.last.welcome();
  tick(20_000);
  FakeSocket.last.receive({ type: 'ping' });
  tick(20_000);
  assert.equal(downs(), 0);
  tick(5_000);
  assert.equal(downs(), 1);
  assert.ok(FakeSocket.all[0].closed);
});

test('an attempt that hangs is given up', (t) => {
  const { tick } = begin(t);
  tick(4_000);
  tick(400);
  assert.equal(FakeSocket.all.length, 2);
  assert.ok(FakeSocket.all[0].closed);
});

test('a socket may state how long its welcome takes', (t) => {
  const { tick, downs } = begin(t);
  FakeSocket.last.onclose();
  FakeSocket.patience = 12_000;
  tick(400);
  FakeSocket.patience = undefined;
  tick(11_900);
  assert.equal(downs(), 1);
  tick(400);
  assert.equal(downs(), 2);
});

test('a socket that was left is not heard any more', (t) => {
  const { tick, heard } = begin(t);
  const first = FakeSocket.last;
  tick(4_000);
  assert.equal(first.onmessage, null);
  assert.deepEqual(heard, []);
});

test('attempts go on for ever, about once a second at first', (t) => {
  const { tick } = begin(t);
  for (let passed = 0; passed < 30_000; passed += 100) {
    FakeSocket.last.onclose?.();
    tick(100);
  }
  // Never more than 1.3 s from one to the next.
  assert.ok(FakeSocket.all.length > 23, String(FakeSocket.all.length));
});

test('a check that is not answered within 2 s ends the socket; an answered one does not', (t) => {
  const { signaling, tick, downs } = begin(t);
  FakeSocket.last.welcome();
  signaling.check();
  FakeSocket.last.receive({ type: 'pong' });
  tick(2_000);
  assert.equal(downs(), 0);
  signaling.check();
  tick(2_000);
  assert.equal(downs(), 1);
});

test('a check while waiting dials at once', (t) => {
  const { signaling } = begin(t);
  FakeSocket.last.onclose();
  signaling.check();
  assert.equal(FakeSocket.all.length, 2);
});

test('a goodbye says how long to wait', (t) => {
  const { tick, heard } = begin(t);
  FakeSocket.last.welcome();
  FakeSocket.last.receive({ type: 'bye', reason: 'shutting-down', retryAfter: 3 });
  FakeSocket.last.onclose();
  tick(2_900);
  assert.equal(FakeSocket.all.length, 1);
  tick(100);
  assert.equal(FakeSocket.all.length, 2);
  assert.deepEqual(heard, ['welcome', 'bye']);
});

test('after a place was left or taken the next join is a newcomer’s', (t) => {
  for (const [reason, shown] of [['left', undefined], ['replaced', undefined], ['silent', 'r1']]) {
    const { signaling, tick } = begin(t);
    FakeSocket.last.welcome();
    FakeSocket.last.receive({ type: 'bye', reason });
    signaling.keep();
    FakeSocket.last.onclose();
    tick(1_000);
    FakeSocket.last.onopen();
    assert.equal(FakeSocket.last.sent[0].resume, shown, reason);
    signaling.stop();
    t.mock.timers.reset();
  }
});

test('an answer may bring the latest token; one that is loaded again shows it', (t) => {
  const { signaling, kept } = begin(t);
  FakeSocket.last.welcome();
  FakeSocket.last.receive({ type: 'answer', sdp: '', resume: 'r2' });
  signaling.stop();
  t.mock.timers.reset();
  begin(t, kept);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.sent[0].resume, 'r2');
});

test('a busy room is asked for again every 2 s', (t) => {
  const { tick } = begin(t);
  for (let attempt = 1; attempt < 4; attempt++) {
    FakeSocket.last.onopen();
    FakeSocket.last.receive({ type: 'error', code: 'room-busy', message: '' });
    FakeSocket.last.onclose();
    assert.equal(FakeSocket.all.length, attempt);
    tick(2_000);
  }
});

test('without permission there is no second attempt until the person does something', (t) => {
  const { signaling, tick } = begin(t);
  FakeSocket.last.onopen();
  FakeSocket.last.receive({ type: 'error', code: 'unauthorized', message: '' });
  FakeSocket.last.onclose();
  tick(60_000);
  assert.equal(FakeSocket.all.length, 1);
  signaling.check();
  assert.equal(FakeSocket.all.length, 2);
});

test('an error on a joined socket changes nothing about it', (t) => {
  const { signaling, heard } = begin(t);
  FakeSocket.last.welcome(room());
  FakeSocket.last.receive({ type: 'error', code: 'codec-unsupported', message: '' });
  assert.ok(signaling.up);
  assert.deepEqual(heard, ['welcome', 'error']);
});

test('stopped and forgotten', (t) => {
  const { signaling, kept, tick } = begin(t);
  FakeSocket.last.welcome();
  signaling.forget();
  assert.equal(kept.getItem('k'), null);
  signaling.stop();
  signaling.check();
  tick(60_000);
  assert.equal(FakeSocket.all.length, 1);
});
