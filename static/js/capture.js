// Screen, camera and microphone, and why they could not be had.

import { AT_REST } from './sharpener.js';

/** Voice processing would eat music, and a mono downmix its width. */
const PLAIN_SOUND = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
  channelCount: 2,
  suppressLocalAudioPlayback: false,
  restrictOwnAudio: true,
};

/** @typedef {{kind: 'screen'|'camera', stream: MediaStream}} Source */

/** Why there is no source; `code` is the last part of a key of the strings. */
export class CaptureError extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** @param {MediaDevices|undefined} devices */
export function canShareScreen(devices) {
  return typeof devices?.getDisplayMedia === 'function';
}

/**
 * Asks for a screen, window or tab. Must be called in the click itself: the
 * browser wants the gesture.
 * @param {MediaDevices} devices
 * @returns {Promise<Source>}
 */
export async function captureScreen(devices) {
  try {
    const stream = await devices.getDisplayMedia(screenOptions());
    const [video] = stream.getVideoTracks();
    video.contentHint = 'detail';
    await keepComing(video);
    return { kind: 'screen', stream };
  } catch (error) {
    throw new CaptureError(screenFailure(error));
  }
}

/**
 * @param {MediaDevices} devices
 * @param {'user'|'environment'} facing
 * @returns {Promise<Source>}
 */
export async function captureCamera(devices, facing) {
  try {
    const video = { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    const stream = await devices.getUserMedia({ video });
    stream.getVideoTracks()[0].contentHint = 'motion';
    return { kind: 'camera', stream };
  } catch (error) {
    throw new CaptureError(`camera-${deviceFailure(error)}`);
  }
}

/** @param {MediaDevices} devices */
export async function captureMicrophone(devices) {
  try {
    return await devices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
  } catch (error) {
    throw new CaptureError(`mic-${deviceFailure(error)}`);
  }
}

/**
 * What to tell the presenter whose screen came without sound.
 * @param {MediaDevices} devices
 */
export function silentReason(devices) {
  // Only browsers that can capture sound know this constraint.
  return 'suppressLocalAudioPlayback' in devices.getSupportedConstraints() ? 'no-sound-chosen' : 'no-sound-here';
}

/** The options are newer than the types; browsers ignore those they do not know. */
function screenOptions() {
  const options = {
    video: { width: { max: 3840 }, height: { max: 2160 }, frameRate: { ideal: 30, max: 60 }, cursor: 'always' },
    audio: PLAIN_SOUND,
    systemAudio: 'include',
    windowAudio: 'window',
    surfaceSwitching: 'include',
    selfBrowserSurface: 'exclude',
    monitorTypeSurfaces: 'include',
    controller: stayHere(),
  };
  return /** @type {DisplayMediaStreamOptions} */ (options);
}

/** The presenter stays on this page when a tab or window has been chosen. */
function stayHere() {
  const { CaptureController } = /** @type {any} */ (globalThis);
  if (!CaptureController) return undefined;
  const controller = new CaptureController();
  controller.setFocusBehavior?.('no-focus-change');
  return controller;
}

/** @param {MediaStreamTrack} video */
async function keepComing(video) {
  try {
    // A picture that stands still would send no frames at all.
    await video.applyConstraints({ frameRate: AT_REST });
  } catch {
    // Not every browser or surface can: then late viewers rely on the relay's history.
  }
}

/** @param {unknown} error */
function screenFailure(error) {
  const { name, message } = /** @type {DOMException} */ (error);
  if (name === 'NotAllowedError') return /system|policy/i.test(message) ? 'screen-denied' : 'screen-cancelled';
  if (name === 'NotFoundError') return 'screen-missing';
  return name === 'NotReadableError' ? 'screen-unreadable' : 'screen-other';
}

/** @param {unknown} error */
function deviceFailure(error) {
  const { name } = /** @type {DOMException} */ (error);
  if (name === 'NotAllowedError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  return 'busy';
}
