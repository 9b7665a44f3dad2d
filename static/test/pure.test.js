import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Announcer } from '../js/announcer.js';
import { Backoff } from '../js/backoff.js';
import { fromQuery, has, names, ordered } from '../js/codecs.js';
import { EncoderWatch } from '../js/encoderwatch.js';
import { Notices } from '../js/notices.js';
import { onlyHere, pageURL, roomOf, secureURLs, socketURL, validRoom, viewersURL } from '../js/room.js';
import { stereo } from '../js/sdp.js';
import { inbound, OutboundMeter } from '../js/stats.js';
import { storage } from '../js/storage.js';
import { Watchdog } from '../js/watchdog.js';

const capabilities = {
  codecs: [
    { mimeType: 'video/H264' }, { mimeType: 'video/rtx' }, { mimeType: 'video/VP8' },
    { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=0' }, { mimeType: 'video/AV1' },
  ],
};

test('back-off stays short in the first half minute, then grows to 5 s', () => {
  const backoff = new Backoff();
  const early = [0, 0, 0, 5_000, 29_000].map((now) => backoff.next(now, 0.5));
  assert.deepEqual(early.map(Math.round), [300, 480, 768, 1000, 1000]);
  assert.equal(backoff.next(31_000, 0.5), 300 * 1.6 ** 5);
  assert.equal(backoff.next(40_000, 0.5), 5_000);
  backoff.reset();
  assert.equal(backoff.next(50_000, 0.5), 300);
});

test('back-off is jittered by a third', () => {
  assert.equal(new Backoff().next(0, 0), 210);
  assert.equal(Math.round(new Backoff().next(0, 1)), 390);
});

test('codecs are named as on the wire, once, and only those that the relay carries', () => {
  assert.deepEqual(names(capabilities), ['video/H264', 'video/VP8', 'video/AV1']);
  assert.deepEqual(names(null), []);
  assert.ok(has(capabilities, 'AV1'));
  assert.ok(!has(capabilities, 'VP9'));
});

test('the chosen codec comes first, the others keep their order', () => {
  const order = (choice) => ordered(capabilities, choice).map((codec) => codec.mimeType);
  assert.deepEqual(order(''), ['video/VP8', 'video/H264', 'video/rtx', 'video/H264', 'video/AV1']);
  assert.deepEqual(order('H264'), ['video/H264', 'video/H264', 'video/rtx', 'video/VP8', 'video/AV1']);
});

test('a codec in the address', () => {
  const read = (search) => {
    const { codec, problem } = fromQuery(search, capabilities);
    return [codec, problem];
  };
  assert.deepEqual(read('?codec=av1'), ['AV1', null]);
  assert.deepEqual(read('?codec=vp9'), ['', 'push.not-encodable']);
  assert.deepEqual(read('?codec=h265'), ['', 'push.unknown-codec']);
  assert.deepEqual(read(''), ['', null]);
});

test('room names', () => {
  for (const good of ['a', 'main', 'A-b_9', 'x'.repeat(64)]) assert.ok(validRoom(good), good);
  for (const bad of ['', 'a b', 'ä', 'a/b', 'x'.repeat(65)]) assert.ok(!validRoom(bad), bad);
});

test('addresses of rooms', () => {
  const lan = { origin: 'http://10.0.0.1:8080', protocol: 'http:', host: '10.0.0.1:8080' };
  assert.equal(roomOf('/pull/math'), 'math');
  assert.equal(roomOf('/push'), 'main');
  assert.equal(pageURL(lan, 'pull', 'math'), 'http://10.0.0.1:8080/pull/math');
  assert.equal(pageURL(lan, 'pull', 'main'), 'http://10.0.0.1:8080/pull');
  assert.equal(socketURL(lan, 'push', 'main'), 'ws://10.0.0.1:8080/ws/push/main');
  assert.equal(socketURL({ protocol: 'https:', host: 'r.example' }, 'pull', 'a'), 'wss://r.example/ws/pull/a');
});

test('addresses that other machines cannot open', () => {
  for (const here of ['localhost', 'a.localhost', '127.0.0.1', '[::1]']) assert.ok(onlyHere(here), here);
  for (const there of ['10.0.0.1', 'box', 'localhost.example']) assert.ok(!onlyHere(there), there);
});

test('viewers get an address that leads here from their machines', () => {
  const here = { origin: 'http://localhost:8080', protocol: 'http:', hostname: 'localhost' };
  assert.equal(viewersURL(here, 'math', null), 'http://localhost:8080/pull/math');
  assert.equal(viewersURL(here, 'math', ['http://10.0.0.1:8080', 'http://[fd00::1]:8080']), 'http://10.0.0.1:8080/pull/math');
  assert.equal(viewersURL(here, 'main', ['http://[fd00::1]:8080']), 'http://[fd00::1]:8080/pull');
  assert.equal(viewersURL(here, 'math', []), 'http://localhost:8080/pull/math');
  const named = { origin: 'https://box.example', protocol: 'https:', hostname: 'box.example' };
  assert.equal(viewersURL(named, 'math', ['http://10.0.0.1:8080']), 'https://box.example/pull/math');
});

test('viewers need no certificate: under https with the relay’s own they get http, on the same host', () => {
  const lan = { origin: 'https://10.0.0.1:8080', protocol: 'https:', hostname: '10.0.0.1' };
  assert.equal(viewersURL(lan, 'math', ['http://10.0.0.1:8080']), 'http://10.0.0.1:8080/pull/math');
  const here = { origin: 'https://localhost:8080', protocol: 'https:', hostname: 'localhost' };
  assert.equal(viewersURL(here, 'main', ['http://10.0.0.1:8080']), 'http://10.0.0.1:8080/pull');
  assert.equal(viewersURL(lan, 'math', []), 'https://10.0.0.1:8080/pull/math');
  assert.equal(viewersURL(lan, 'math', null), null, 'nothing to give away before the relay has said');
});

test('where to present from instead: a port of its own speaks plain http', () => {
  const plain = { host: '10.0.0.1:8080', port: '8080', pathname: '/push/math', search: '?codec=av1' };
  assert.deepEqual(secureURLs(plain), { here: 'http://localhost:8080/push/math?codec=av1', https: null });
  const named = { host: 'r.example', port: '', pathname: '/push', search: '' };
  assert.deepEqual(secureURLs(named), { here: 'http://localhost/push', https: 'https://r.example/push' });
});

test('a browser that keeps nothing: remembered for as long as the page lives', () => {
  const refusing = { get sessionStorage() { throw new DOMException('', 'SecurityError'); } };
  const kept = storage('sessionStorage', refusing);
  kept.setItem('k', 'v');
  assert.equal(kept.getItem('k'), 'v');
  kept.removeItem('k');
  assert.equal(kept.getItem('k'), null);
  const willing = storage('localStorage', { localStorage: kept });
  willing.setItem('k', 'w');
  assert.equal(kept.getItem('k'), 'w');
});

test('a notice stays until its cause is over; the newest is shown', () => {
  let changes = 0;
  const notices = new Notices(() => changes++);
  const shown = () => notices.current?.key ?? null;
  notices.tell('microphone', 'mic');
  notices.tell('connection', 'lost', { a: 1 });
  assert.deepEqual(notices.current, { key: 'lost', values: { a: 1 } });
  notices.tell('microphone', 'mic');
  assert.equal(shown(), 'lost', 'told again is nothing new');
  notices.over('connection', 'encoder');
  assert.equal(shown(), 'mic');
  notices.over('connection');
  assert.equal(changes, 3);
  notices.over('microphone');
  assert.equal(shown(), null);
});

test('a number is spoken of when it has changed, not at each change', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const target = { textContent: '' };
  const announcer = new Announcer(target, (count) => `${count} viewers`);
  announcer.count(2);
  t.mock.timers.tick(5_000);
  assert.equal(target.textContent, '', 'what there is at first');
  for (const count of [3, 4, 5]) announcer.count(count);
  assert.equal(target.textContent, '');
  t.mock.timers.tick(5_000);
  assert.equal(target.textContent, '5 viewers');
  announcer.count(6);
  announcer.count(5);
  t.mock.timers.tick(5_000);
  assert.equal(target.textContent, '5 viewers');
});

test('stereo is asked for once, in the fmtp of Opus only', () => {
  const sdp = 'a=rtpmap:96 VP8/90000\r\na=fmtp:96 x=1\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n';
  const munged = stereo(sdp);
  assert.match(munged, /^a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r$/m);
  assert.match(munged, /^a=fmtp:96 x=1\r$/m);
  assert.equal(stereo(munged), munged);
  assert.equal(stereo('a=rtpmap:96 VP8/90000\r\n'), 'a=rtpmap:96 VP8/90000\r\n');
});

/** A report with one outbound video stream. */
function outbound(fields) {
  return new Map([
    ['v', { id: 'v', type: 'outbound-rtp', kind: 'video', codecId: 'c', frameWidth: 1920, frameHeight: 1080, framesPerSecond: 29.9, framesEncoded: 30, ...fields }],
    ['s', { type: 'media-source', kind: 'video', frames: 31 }],
    ['c', { type: 'codec', mimeType: 'video/VP8' }],
  ]);
}

test('bytes become a bitrate from the second report on', () => {
  const meter = new OutboundMeter();
  assert.equal(meter.read(new Map()), null);
  assert.equal(meter.read(outbound({ timestamp: 1_000, bytesSent: 5_000 }))?.bitrate, 0);
  assert.deepEqual(meter.read(outbound({ timestamp: 2_000, bytesSent: 255_000 })), {
    width: 1920, height: 1080, fps: 30, bitrate: 2_000_000, codec: 'VP8', captured: 31, encoded: 30,
  });
  const other = outbound({ id: 'w', timestamp: 3_000, bytesSent: 300_000 });
  assert.equal(meter.read(other)?.bitrate, 0, 'another connection counts from its own start');
});

test('a viewer without video has no figures', () => {
  assert.equal(inbound(new Map([['a', { type: 'inbound-rtp', kind: 'audio' }]])), null);
});

/** Feeds a watchdog one sample a second. */
function feed(watchdog, samples) {
  return samples.map(([framesDecoded, bytesReceived, jitterBufferDelay = 0, jitterBufferEmittedCount = 0], second) =>
    watchdog.feed({ framesDecoded, bytesReceived, jitterBufferDelay, jitterBufferEmittedCount }, 1_000 * second).remedy);
}

test('data without frames for 8 s needs a new session, and longer the next time', () => {
  const remedies = feed(new Watchdog(), Array.from({ length: 30 }, (_, second) => [10, 2_000 * second]));
  assert.equal(remedies.indexOf('renew'), 8);
  assert.equal(remedies.lastIndexOf('renew'), 24);
  assert.equal(remedies[16], null);
});

test('a screen that stands still is left alone, however long', () => {
  const still = Array.from({ length: 60 }, () => [10, 5_000]);
  assert.deepEqual(new Set(feed(new Watchdog(), [...still, [10, 50_000]])), new Set([null]));
});

test('over a second late for five samples: an empty jitter buffer helps', () => {
  const late = Array.from({ length: 8 }, (_, second) => [30 * second, 1_000 * second, 45 * second, 30 * second]);
  assert.equal(feed(new Watchdog(), late).indexOf('reattach'), 5);
  const long = Array.from({ length: 40 }, (_, second) => [30 * second, 1_000 * second, 45 * second, 30 * second]);
  const when = feed(new Watchdog(), long).flatMap((remedy, second) => (remedy ? [second] : []));
  assert.deepEqual(when, [5, 15, 35], 'less and less often');
  const fine = Array.from({ length: 8 }, (_, second) => [30 * second, 1_000 * second, 3 * second, 30 * second]);
  assert.deepEqual(new Set(feed(new Watchdog(), fine)), new Set([null]));
});

test('an encoder that gives nothing: at first, later, and after another source', () => {
  const barren = (samples) => {
    const watch = new EncoderWatch();
    return samples.map(([captured, encoded]) => watch.feed({ captured, encoded })).indexOf(true);
  };
  const swallow = Array.from({ length: 6 }, (_, second) => [100 + second, 0]);
  assert.equal(barren(swallow), 4);
  assert.equal(barren([[30, 30], [60, 60], ...swallow.map(([captured]) => [captured, 60])]), 6);
  assert.equal(barren([[500, 60], [1, 60], [2, 60], [3, 60], [4, 60], [5, 60]]), -1, 'another source counts from 0');
  assert.equal(barren(Array.from({ length: 60 }, () => [30, 30])), -1, 'nothing to encode');
  assert.equal(barren(Array.from({ length: 60 }, (_, second) => [second, second])), -1);
});
