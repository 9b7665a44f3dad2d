import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Player } from '../js/player.js';
import { FakeStream, settle, storage } from './fakes.js';

globalThis.MediaStream = FakeStream;

/** A video element in a browser that allows what `allows` says. */
function fakeVideo(allows) {
  return {
    muted: false, volume: 1, srcObject: null, plays: 0, paused: true,
    async play() {
      this.plays++;
      if (!allows(this)) throw Object.assign(new Error(), { name: 'NotAllowedError' });
      this.paused = false;
    },
    /** What the system does. */
    pause() {
      this.paused = true;
      this.onpause();
    },
  };
}

/** A player that was given a stream. */
async function begin(allows, kept = storage()) {
  const video = fakeVideo(allows);
  const player = new Player(video, kept, () => {});
  player.attach(new FakeStream());
  await settle();
  return { video, player, kept };
}

test('plays with sound where it may', async () => {
  const { video, player } = await begin(() => true);
  assert.equal(player.permission, 'playing');
  assert.equal(video.muted, false);
});

test('plays muted where the browser insists, and with sound after a click', async () => {
  let clicked = false;
  const { video, player, kept } = await begin((element) => element.muted || clicked);
  assert.equal(player.permission, 'muted');
  assert.equal(kept.getItem('relay.volume'), null, 'that was not the person’s wish');
  player.attach(new FakeStream());
  await settle();
  assert.equal(player.permission, 'muted');
  clicked = true;
  player.unmute();
  await settle();
  assert.equal(player.permission, 'playing');
  assert.equal(video.muted, false);
});

test('plays nothing where even that is refused, until there is a click', async () => {
  let clicked = false;
  const { player } = await begin(() => clicked);
  assert.equal(player.permission, 'refused');
  clicked = true;
  player.unmute();
  await settle();
  assert.equal(player.permission, 'playing');
});

test('volume and mute are remembered', async () => {
  const { player, kept } = await begin(() => true);
  player.setVolume(0.4);
  player.setMuted(true);
  const again = await begin(() => true, kept);
  assert.equal(again.video.volume, 0.4);
  assert.equal(again.player.muted, true);
  assert.equal(again.player.permission, 'playing', 'muted by wish');
});

test('a slider at nothing is mute; unmuting it is heard', async () => {
  const { video, player } = await begin(() => true);
  player.setVolume(0);
  assert.equal(player.muted, true);
  player.unmute();
  assert.equal(video.volume, 1);
});

test('attached again, the element is never without a stream', async () => {
  const { video, player } = await begin(() => true);
  const before = video.srcObject;
  player.reattach();
  assert.notEqual(video.srcObject, before);
  assert.ok(video.srcObject);
  const { plays } = video;
  player.attach(video.srcObject);
  assert.equal(video.plays, plays, 'the same again is nothing new');
});

test('paused by the system, it goes on; where that is refused there is a button', async () => {
  let allowed = true;
  const { video, player } = await begin(() => allowed);
  video.pause();
  await settle();
  assert.equal(video.paused, false);
  allowed = false;
  video.pause();
  await settle();
  assert.equal(player.permission, 'refused');
  allowed = true;
  player.resume();
  await settle();
  assert.equal(player.permission, 'playing', 'a wake-up tries again');
});

test('what plays is not played again, and what has ended cannot be', async () => {
  const { video, player } = await begin(() => true);
  const { plays } = video;
  player.resume();
  video.srcObject.active = false;
  video.pause();
  assert.equal(video.plays, plays);
});
