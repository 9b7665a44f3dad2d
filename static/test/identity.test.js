import assert from 'node:assert/strict';
import { test } from 'node:test';

import { credentialOf, Identity, nameOf } from '../js/identity.js';
import { keyText, needsKey, shutsOut, untilOf } from '../js/refusals.js';
import { storage } from './fakes.js';

/** The identity of a page that was opened with this fragment. */
function open(hash = '', { settings = storage(), tab = storage(), page = 'pull', room = 'math' } = {}) {
  const location = { hash, pathname: `/${page}/${room}`, search: '?codec=vp8' };
  const replaced = [];
  const history = {
    state: { kept: true },
    replaceState: (state, _, url) => {
      replaced.push({ state, url });
      location.hash = '';
    },
  };
  return { identity: new Identity({ page, room, settings, tab, location, history }), location, replaced, settings, tab };
}

test('a key or a token in the fragment, whatever stands beside it', () => {
  assert.deepEqual(credentialOf('#key=open%20sesame'), { kind: 'key', value: 'open sesame' });
  assert.deepEqual(credentialOf('#token=a.b.c'), { kind: 'token', value: 'a.b.c' });
  assert.deepEqual(credentialOf('#x=1&key=a+b'), { kind: 'key', value: 'a+b' });
  assert.deepEqual(credentialOf('#key=100%'), { kind: 'key', value: '100%' });
  for (const none of ['', '#', '#key=', '#key=%20', '#keys=x', '#section', '#%E0%A4%A']) assert.equal(credentialOf(none), null, none);
});

test('what opens the room leaves the address at once, and is shown at each join', () => {
  const { identity, replaced } = open('#key=sesame-1');
  assert.deepEqual(replaced, [{ state: { kept: true }, url: '/pull/math?codec=vp8' }]);
  assert.equal(identity.join.key, 'sesame-1');
  assert.equal(identity.join.token, undefined);
  assert.equal(identity.headers.Authorization, 'Bearer sesame-1');
});

test('the tab keeps it for a page and a room', () => {
  const { tab } = open('#token=a.b.c');
  assert.equal(open('', { tab }).identity.join.token, 'a.b.c');
  assert.equal(open('', { tab, room: 'physics' }).identity.join.token, undefined);
  assert.equal(open('', { tab, page: 'push' }).identity.join.token, undefined);
  assert.equal(open('#key=sesame-2', { tab }).identity.join.key, 'sesame-2', 'a new link wins');
  assert.equal(open('', { tab }).identity.join.token, undefined);
});

test('another fragment in the same page is taken, once', () => {
  const { identity, location } = open();
  assert.equal(identity.take(), false);
  location.hash = '#key=sesame-3';
  assert.equal(identity.take(), true);
  assert.equal(identity.take(), false);
  assert.equal(identity.join.key, 'sesame-3');
});

test('what was refused is not shown again by the next page, unless it is good after all', () => {
  const { identity, tab } = open('#key=wrong-one');
  identity.refused();
  assert.equal(identity.join.key, 'wrong-one', 'this page may say what was wrong');
  assert.equal(open('', { tab }).identity.credential, null);
  identity.accepted();
  assert.equal(open('', { tab }).identity.join.key, 'wrong-one');
  identity.enter(' right-one ');
  assert.equal(open('', { tab }).identity.join.key, 'right-one');
});

test('a device is one word, the same in all of the browser’s pages', () => {
  const { identity, settings } = open();
  assert.match(identity.join.device, /^[0-9a-f]{32}$/);
  assert.equal(open('', { settings, page: 'push', room: 'physics' }).identity.join.device, identity.join.device);
  assert.notEqual(open().identity.join.device, identity.join.device);
  settings.setItem('relay.device', 'too short');
  assert.match(open('', { settings }).identity.join.device, /^[0-9a-f]{32}$/);
});

test('a name is optional, and as long as the relay takes it', () => {
  const { identity, settings } = open();
  assert.equal(identity.join.name, undefined);
  assert.equal(identity.headers['Relay-Name'], undefined);
  identity.name = '  王 小明\n';
  assert.equal(open('', { settings }).identity.join.name, '王 小明');
  assert.equal(decodeURIComponent(identity.headers['Relay-Name']), '王 小明');
  assert.equal(nameOf('ä'.repeat(40)), 'ä'.repeat(32));
  assert.equal(nameOf('👩🏽'.repeat(9)), '👩🏽'.repeat(8));
  assert.equal(nameOf('a\u0000\u009fb'), 'a  b');
});

test('a key that is no header is not sent as one', () => {
  const { identity } = open('#key=%E8%8A%9D%E9%BA%BB%E5%BC%80%E9%97%A8');
  assert.equal(identity.join.key, '芝麻开门');
  assert.equal(identity.headers.Authorization, undefined);
});

test('what asking again waits for', () => {
  const until = (code, reason) => untilOf({ code, reason });
  assert.equal(until('room-full'), 'again');
  assert.equal(until('forbidden', 'locked'), 'again');
  assert.equal(until('shutting-down'), 'again');
  assert.equal(until('unauthorized', 'key'), 'wake');
  assert.equal(until('unauthorized', 'expired'), 'wake');
  assert.equal(until('forbidden'), 'wake');
  assert.equal(until('forbidden', 'removed'), 'person');
  assert.equal(until('forbidden', 'blocked'), 'person');
  assert.deepEqual(['unauthorized', 'forbidden', 'room-full', 'not-live', 'internal'].map((code) => shutsOut({ code })), [true, true, true, false, false]);
});

test('which refusals another key may mend, and what is said of them', () => {
  assert.ok(needsKey({ code: 'unauthorized', reason: 'key' }, false));
  assert.ok(needsKey({ code: 'forbidden' }, true));
  assert.ok(!needsKey({ code: 'forbidden' }, false));
  assert.ok(!needsKey({ code: 'forbidden', reason: 'blocked' }, true));
  assert.ok(!needsKey(null, true));
  const key = { kind: 'key', value: 'x' };
  assert.equal(keyText({ code: 'unauthorized', reason: 'key' }, null, 'key.needed'), 'key.needed');
  assert.equal(keyText({ code: 'unauthorized', reason: 'key' }, key, 'key.needed'), 'key.wrong');
  assert.equal(keyText({ code: 'unauthorized', reason: 'key' }, { ...key, kind: 'token' }, 'key.needed'), 'key.wrong-link');
  assert.equal(keyText({ code: 'unauthorized', reason: 'expired' }, key, 'key.needed'), 'key.expired');
  assert.equal(keyText({ code: 'forbidden' }, key, 'key.needed'), 'key.short');
});
