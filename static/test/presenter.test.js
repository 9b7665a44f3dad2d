import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { FakePeer, FakeSocket, reset, settle } from './fakes.js';
import { begin, capture, refused } from './stage.js';

beforeEach(reset);

test('shares: one video and one audio m-line, sharp, the codec first, bounded', async (t) => {
  const { presenter, share, senders } = begin(t);
  assert.equal(presenter.state, 'ready');
  await share();
  assert.equal(presenter.state, 'live');
  const [video, audio] = FakePeer.last.transceivers;
  assert.deepEqual([video.kind, audio.kind], ['video', 'audio']);
  assert.deepEqual(video.codecs.map(({ mimeType }) => mimeType), ['video/VP8', 'video/H264']);
  assert.equal(video.init.sendEncodings[0].maxBitrate, 8e6);
  assert.equal(video.init.streams[0], audio.init.streams[0]);
  assert.equal(senders()[0].track.contentHint, 'detail');
  assert.equal(senders()[0].parameters.degradationPreference, 'maintain-resolution');
});

test('the picker is opened in the click itself', async (t) => {
  const { studio, devices } = begin(t);
  const sharing = studio.shareScreen();
  assert.deepEqual(devices.asked, ['screen']);
  await sharing;
  await settle();
});

test('without any sound the audio m-line has no track; sound comes later without an offer', async (t) => {
  const { devices, share, senders, told, studio } = begin(t);
  devices.next = capture(['video']);
  await share();
  assert.equal(senders()[1].track, null);
  assert.equal(told(), 'capture.no-sound-chosen');
  devices.next = null;
  await studio.shareScreen();
  assert.equal(senders()[1].track.kind, 'audio');
  devices.next = capture(['video']);
  await studio.shareScreen();
  assert.equal(senders()[1].track, null);
  devices.next = null;
  await studio.setMicrophone(true);
  assert.equal(senders()[1].track.kind, 'audio');
  assert.equal(FakeSocket.last.of('offer').length, 1);
});

test('another source takes the place of the first, which is let go', async (t) => {
  const { presenter, share, senders, studio } = begin(t);
  await share();
  const before = senders()[0].track;
  await studio.useCamera();
  assert.ok(before.stopped);
  assert.notEqual(senders()[0].track, before);
  assert.equal(senders()[0].parameters.degradationPreference, 'balanced');
  assert.equal(presenter.sources.kind, 'camera');
  before.end();
  assert.equal(presenter.state, 'live', 'the end of the first means nothing any more');
});

test('why nothing could be captured', async (t) => {
  const { presenter, studio, devices, told } = begin(t);
  const table = [
    [refused('NotAllowedError', 'Permission denied'), 'capture.screen-cancelled'],
    [refused('NotAllowedError', 'Permission denied by system'), 'capture.screen-denied'],
    [refused('NotFoundError'), 'capture.screen-missing'],
    [refused('NotReadableError'), 'capture.screen-unreadable'],
    [refused('AbortError'), 'capture.screen-other'],
  ];
  for (const [error, key] of table) {
    devices.next = error;
    await studio.shareScreen();
    assert.equal(told(), key);
  }
  devices.next = refused('NotAllowedError');
  await studio.useCamera();
  assert.equal(told(), 'capture.camera-denied');
  assert.equal(presenter.state, 'ready');
});

test('a cancelled switch changes nothing, and does not say that nothing is shared', async (t) => {
  const { presenter, studio, devices, told, share } = begin(t);
  await share();
  devices.next = refused('NotAllowedError', 'Permission denied');
  await studio.shareScreen();
  assert.equal(told(), 'capture.screen-kept');
  assert.equal(presenter.state, 'live');
  devices.next = null;
  await studio.shareScreen();
  assert.equal(told(), null, 'what succeeds takes its sentence back');
});

test('the camera is let go before the other one is asked for', async (t) => {
  const { presenter, studio, devices, senders } = begin(t);
  await studio.useCamera();
  await settle();
  const { track } = senders()[0];
  const flip = studio.flipCamera();
  assert.ok(track.stopped);
  await flip;
  assert.notEqual(senders()[0].track, track);
  assert.equal(presenter.sources.kind, 'camera');
  assert.equal(devices.asked.length, 2);
});

test('where the other camera cannot be had, the first one is taken again', async (t) => {
  const { presenter, studio, devices, told } = begin(t);
  await studio.useCamera();
  const failing = devices.getUserMedia;
  devices.getUserMedia = async () => {
    devices.getUserMedia = failing;
    throw refused('NotReadableError');
  };
  await studio.flipCamera();
  assert.equal(presenter.facts.sharing, true);
  assert.equal(presenter.sources.video.stopped, false);
  devices.next = refused('NotReadableError');
  await studio.flipCamera();
  assert.equal(presenter.state, 'ended', 'neither one');
  assert.equal(told(), null);
});

test('stopped while a camera was turned: none stays on', async (t) => {
  const { presenter, studio, devices } = begin(t);
  await studio.useCamera();
  const late = capture(['video']);
  devices.next = late;
  const flip = studio.flipCamera();
  presenter.stop();
  await flip;
  assert.ok(late.tracks[0].stopped);
  assert.equal(presenter.state, 'ended');
});

test('a track that its encoder does not take needs another connection', async (t) => {
  const { studio, share, senders } = begin(t);
  await share();
  senders()[0].picky = true;
  await studio.useCamera();
  await settle();
  assert.equal(FakePeer.all.length, 2);
  assert.equal(senders()[0].track.contentHint, 'motion');
});

test('a microphone that is unplugged is told', async (t) => {
  const { presenter, studio, devices, told } = begin(t);
  const stream = capture(['audio']);
  devices.next = stream;
  await studio.setMicrophone(true);
  stream.tracks[0].end();
  assert.equal(presenter.sources.hasMicrophone, false);
  assert.equal(told(), 'capture.mic-lost');
  devices.next = null;
  await studio.setMicrophone(true);
  assert.equal(told(), null);
});

test('a refused microphone leaves the picture alone', async (t) => {
  const { presenter, devices, told, share, studio } = begin(t);
  await share();
  devices.next = refused('NotAllowedError');
  await studio.setMicrophone(true);
  assert.equal(told(), 'capture.mic-denied');
  assert.equal(presenter.sources.hasMicrophone, false);
  assert.equal(presenter.state, 'live');
});
