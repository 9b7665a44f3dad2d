import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Doors } from '../js/doors.js';
import { HttpSocket } from '../js/httpsocket.js';
import { FakeRelay } from './fakerelay.js';
import { rest, room } from './fakes.js';

/** A WebSocket of which nothing is known but what a test says. */
class Socket extends EventTarget {
  closed = 0;

  close() {
    this.closed++;
  }
}

/** Doors whose WebSockets a test opens and closes. */
function begin(t, { page = 'pull', createSocket = () => new Socket() } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1e12 });
  const relay = new FakeRelay();
  /** How requests are made; a test may hold them up. */
  const net = { request: relay.request };
  const doors = new Doors({ page, room: 'math', request: (...args) => net.request(...args), createSocket });
  const open = () => doors.open(`ws://relay.example/ws/${page}/math`);
  const attempt = async (...events) => {
    const socket = open();
    if (socket instanceof HttpSocket) {
      socket.close();
      return 'http';
    }
    for (const type of events) {
      if (type === 'given up') socket.close();
      else socket.dispatchEvent(new Event(type));
    }
    await rest();
    return 'websocket';
  };
  const blocked = async () => {
    await attempt('close');
    await attempt('close');
    assert.equal(await attempt(), 'http');
  };
  return { relay, net, open, attempt, blocked, tick: (ms) => t.mock.timers.tick(ms) };
}

/** What a socket over HTTP hears. */
async function join(socket, resume) {
  const heard = [];
  socket.onopen = () => socket.send(JSON.stringify({ type: 'join', codecs: ['video/VP8'], resume }));
  socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
  await rest();
  return heard;
}

test('two WebSockets that cannot be opened while the relay answers: HTTP', async (t) => {
  const { attempt } = begin(t);
  assert.equal(await attempt('close'), 'websocket');
  assert.equal(await attempt('close'), 'websocket');
  assert.equal(await attempt(), 'http');
  assert.equal(await attempt(), 'http', 'and so it stays');
});

test('a WebSocket that is given up unheard is counted at once, and once', async (t) => {
  const { open, attempt } = begin(t);
  const socket = open();
  socket.dispatchEvent(new Event('open'));
  socket.close();
  socket.dispatchEvent(new Event('close'));
  await rest();
  assert.equal(socket.closed, 1);
  assert.equal(await attempt('open', 'given up'), 'websocket', 'that was one');
  assert.equal(await attempt(), 'http');
});

test('one that was heard and given up is not counted', async (t) => {
  const { attempt } = begin(t);
  await attempt('given up');
  await attempt('message', 'given up', 'close');
  await attempt('given up');
  assert.equal(await attempt(), 'websocket');
});

test('a relay that does not answer at all says nothing about WebSockets', async (t) => {
  const { relay, attempt } = begin(t);
  relay.up = false;
  for (let i = 0; i < 5; i++) assert.equal(await attempt('close'), 'websocket');
  relay.up = true;
  await attempt('close');
  relay.up = false;
  await attempt('close');
  relay.up = true;
  await attempt('close');
  assert.equal(await attempt(), 'websocket', 'not twice in a row');
});

test('answers that hung while there was no network are not counted when it is back', async (t) => {
  const { relay, net, attempt, tick } = begin(t);
  let back = () => {};
  const network = new Promise((resolve) => { back = resolve; });
  const signals = [];
  net.request = async (url, init) => {
    signals.push(init.signal);
    await network;
    return relay.request(url, init);
  };
  for (let i = 0; i < 5; i++) await attempt('close');
  assert.equal(signals.filter(({ aborted }) => !aborted).length, 1, 'one at a time');
  tick(4_000);
  assert.ok(signals.every(({ aborted }) => aborted), 'and not for ever');
  back();
  await rest();
  assert.equal(await attempt(), 'websocket');
});

test('a WebSocket that was heard starts the count anew; one that was only opened does not', async (t) => {
  const { attempt } = begin(t);
  await attempt('close');
  await attempt('open', 'message', 'close');
  await attempt('open', 'close');
  assert.equal(await attempt('message', 'close'), 'websocket');
  assert.equal(await attempt('open', 'close'), 'websocket');
  assert.equal(await attempt('close'), 'websocket');
  assert.equal(await attempt(), 'http', 'another network lets none through');
});

test('after a minute one WebSocket is tried again', async (t) => {
  const { attempt, blocked, tick } = begin(t);
  await blocked();
  tick(59_000);
  assert.equal(await attempt(), 'http');
  tick(1_000);
  assert.equal(await attempt('close'), 'websocket');
  assert.equal(await attempt(), 'http', 'in vain');
  tick(60_000);
  assert.equal(await attempt('message', 'close'), 'websocket');
  assert.equal(await attempt(), 'websocket');
});

test('what was had over HTTP goes on at the WebSocket that works again', async (t) => {
  const { relay, open, attempt, blocked, tick } = begin(t, { page: 'push' });
  await blocked();
  const socket = open();
  const heard = await join(socket);
  socket.send(JSON.stringify({ type: 'offer', sdp: 'o=- 1 2 IN IP4 127.0.0.1\r\n' }));
  await rest();
  assert.equal(heard.at(-1).resume, 'r1', 'which is shown there');
  socket.close();
  tick(60_000);
  await attempt('message');
  assert.deepEqual([relay.sessions.size, relay.of('DELETE')], [1, []], 'that ends with its successor');
});

test('who presented over a WebSocket takes the own place over HTTP', async (t) => {
  const { relay, open, attempt } = begin(t, { page: 'push' });
  await attempt('message', 'close');
  relay.room = room({ state: 'live', video: 'VP8' });
  relay.sessions.add('the WebSocket’s');
  relay.places.set('secret', 'the WebSocket’s');
  await attempt('close');
  await attempt('close');
  const socket = open();
  const heard = await join(socket, 'secret');
  assert.equal(heard[0].type, 'welcome');
  socket.send(JSON.stringify({ type: 'offer', sdp: 'o=- 1 2 IN IP4 127.0.0.1\r\n' }));
  await rest();
  assert.deepEqual([...relay.sessions], ['/whip/math/s1']);
  assert.deepEqual([heard.at(-1).type, heard.at(-1).resume], ['answer', 'r1']);
  socket.close();
});

test('a browser that makes no WebSocket goes by HTTP at once', async (t) => {
  const { attempt } = begin(t, { createSocket: () => { throw new DOMException('', 'SecurityError'); } });
  assert.equal(await attempt(), 'http');
});
