import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Doors } from '../js/doors.js';
import { HttpSocket } from '../js/httpsocket.js';
import { FakeRelay } from './fakerelay.js';
import { settle } from './fakes.js';

/** Doors whose WebSockets a test opens and closes. */
function begin(createSocket = () => new EventTarget()) {
  const relay = new FakeRelay();
  const doors = new Doors({ page: 'pull', room: 'math', request: relay.request, createSocket });
  const attempt = async (...events) => {
    const socket = doors.open('ws://relay.example/ws/pull/math');
    if (socket instanceof HttpSocket) {
      socket.close();
      return 'http';
    }
    for (const type of events) socket.dispatchEvent(new Event(type));
    await settle();
    return 'websocket';
  };
  return { relay, attempt };
}

test('two WebSockets that cannot be opened while the relay answers: HTTP', async () => {
  const { attempt } = begin();
  assert.equal(await attempt('close'), 'websocket');
  assert.equal(await attempt('close'), 'websocket');
  assert.equal(await attempt(), 'http');
  assert.equal(await attempt(), 'http', 'and so it stays');
});

test('a relay that does not answer at all says nothing about WebSockets', async () => {
  const { relay, attempt } = begin();
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

test('where a WebSocket was open once it is what is opened', async () => {
  const { attempt } = begin();
  await attempt('close');
  await attempt('open', 'close');
  for (let i = 0; i < 5; i++) assert.equal(await attempt('close'), 'websocket');
});

test('a browser that makes no WebSocket goes by HTTP at once', async () => {
  const { attempt } = begin(() => { throw new DOMException('', 'SecurityError'); });
  assert.equal(await attempt(), 'http');
});
