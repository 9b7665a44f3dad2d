import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AT_REST, Sharpener } from '../js/sharpener.js';
import { Sharpness } from '../js/sharpness.js';
import { settle } from './fakes.js';

/** What Sharpness says to samples of [captured, encoded, quantizer of each encoded frame]. */
function says(samples, codec = 'VP8') {
  const sharpness = new Sharpness();
  let [captured, encoded, qpSum] = [0, 0, 0];
  return samples.map(([source, frames, quantizer]) => {
    captured += source;
    encoded += frames;
    qpSum += frames * quantizer;
    return sharpness.feed({ codec, captured, encoded, qpSum });
  });
}

const still = [0, 0, 0];

test('movement and a sharp still screen need nothing', () => {
  assert.ok(!says([still, [4, 4, 15], [4, 3, 15], still, [1, 0, 0], [0, 1, 15], still, still]).includes(true));
});

test('a frame with a coarse quantizer is blurred, until sharp ones have come for a while', () => {
  const said = says([still, [1, 1, 106], [4, 4, 60], [4, 4, 15], ...Array(9).fill([4, 1, 15]), still]);
  assert.deepEqual([said.indexOf(true), said.indexOf(false, 1)], [1, 12]);
});

test('a dropped frame is blurred, one that is being encoded is not', () => {
  assert.deepEqual(says([still, [1, 0, 0], still, [0, 1, 15]]), [false, false, true, true]);
  assert.deepEqual(says([still, [1, 0, 0], [0, 1, 15], still]), [false, false, false, false]);
});

test('frames that are skipped since nothing changed do not keep it quick', () => {
  const said = says([still, [1, 1, 106], ...Array(20).fill([4, 0, 0])]);
  assert.equal(said.at(-1), false);
});

test('each codec has its own scale; of an unknown one nothing is known', () => {
  const samples = [still, [1, 1, 70]];
  assert.deepEqual(says(samples, 'AV1'), [false, false]);
  assert.deepEqual(says(samples, 'VP9'), [false, true]);
  assert.deepEqual(says(samples, 'H265'), [false, false]);
});

test('the screen is hurried while it is blurred, and let go again', async () => {
  let now = () => {};
  let stopped = 0;
  const rates = [];
  const track = { applyConstraints: async ({ frameRate }) => void rates.push(frameRate.min) };
  const video = { type: 'outbound-rtp', kind: 'video', codecId: 'c', framesEncoded: 0, qpSum: 0 };
  const source = { type: 'media-source', kind: 'video', frames: 0 };
  const sender = { track, getStats: async () => new Map([['v', { ...video }], ['s', { ...source }], ['c', { mimeType: 'video/VP8' }]]) };
  const sharpener = new Sharpener((call) => {
    now = call;
    return () => void stopped++;
  });
  const sample = async (frames, quantizer) => {
    video.framesEncoded += frames;
    video.qpSum += frames * quantizer;
    now();
    await settle();
  };
  sharpener.watch(sender);
  await sample(0, 0);
  await sample(1, 106);
  for (let i = 0; i < 10; i++) await sample(1, 15);
  assert.deepEqual(rates, [30, AT_REST.min]);
  await sample(1, 106);
  sharpener.stop();
  await sample(5, 15);
  assert.deepEqual(rates, [30, AT_REST.min, 30]);
  assert.equal(stopped, 1);
});
