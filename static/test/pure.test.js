import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Backoff } from '../js/backoff.js';
import { fromQuery, has, names, ordered } from '../js/codecs.js';
import { onlyHere, pageURL, roomOf, socketURL, validRoom, viewersURL } from '../js/room.js';
import { stereo } from '../js/sdp.js';
import { inbound, OutboundMeter } from '../js/stats.js';
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
  assert.equal(fromQuery('?codec=vp9'), 'VP9');
  assert.equal(fromQuery('?codec=h265'), '');
  assert.equal(fromQuery(''), '');
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
  const here = { origin: 'http://localhost:8080', hostname: 'localhost', port: '8080' };
  assert.equal(viewersURL(here, 'math', ['10.0.0.1', 'fd00::1']), 'http://10.0.0.1:8080/pull/math');
  assert.equal(viewersURL(here, 'main', ['fd00::1']), 'http://[fd00::1]:8080/pull');
  assert.equal(viewersURL(here, 'math', []), 'http://localhost:8080/pull/math');
  assert.equal(viewersURL({ ...here, port: '' }, 'main', ['10.0.0.1']), 'http://10.0.0.1/pull');
  const lan = { origin: 'https://box:8443', hostname: 'box', port: '8443' };
  assert.equal(viewersURL(lan, 'math', ['10.0.0.1']), 'https://box:8443/pull/math');
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
  const fine = Array.from({ length: 8 }, (_, second) => [30 * second, 1_000 * second, 3 * second, 30 * second]);
  assert.deepEqual(new Set(feed(new Watchdog(), fine)), new Set([null]));
});
