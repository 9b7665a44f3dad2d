// The viewer's page, and the one that other sites frame: the DOM around a Viewer and a Player.

import { names } from './codecs.js';
import { Doors } from './doors.js';
import { canFullscreen, toggleFullscreen } from './fullscreen.js';
import { Identity } from './identity.js';
import { KeyForm } from './keyform.js';
import { NameDialog } from './namedialog.js';
import { element, entitle, label, say, settings, speak, translator } from './page.js';
import { Player } from './player.js';
import { keyText } from './refusals.js';
import { roomOf, socketURL } from './room.js';
import { storage } from './storage.js';
import { Viewer } from './viewer.js';
import { viewText } from './viewstate.js';
import { onWake } from './wake.js';

/** The controls go away when nothing has moved for this long. */
const IDLE = 3_000;
/** Where the next try may be long in coming. */
const LONG_WAITS = new Set(['failed', 'reconnecting']);

const root = document.documentElement;
const room = roomOf(location.pathname);
const video = element('video', HTMLVideoElement);
const ui = {
  player: element('player', HTMLElement),
  status: element('status', HTMLElement),
  message: element('message', HTMLElement),
  badge: element('badge', HTMLElement),
  viewers: element('viewers', HTMLElement),
  countdown: element('countdown', HTMLElement),
  again: element('again', HTMLButtonElement),
  play: element('play', HTMLButtonElement),
  sound: element('sound', HTMLButtonElement),
  mute: element('mute', HTMLButtonElement),
  volume: element('volume', HTMLInputElement),
  fullscreen: element('fullscreen', HTMLButtonElement),
};

const tab = storage('sessionStorage');
const identity = new Identity({ page: 'pull', room, settings, tab, location, history });
const doors = new Doors({ page: 'pull', room, headers: () => identity.headers });
const capable = 'RTCPeerConnection' in window;
const player = new Player(video, settings, render);
const viewer = new Viewer({
  signaling: {
    url: socketURL(location, 'pull', room),
    key: `relay.pull.${room}`,
    storage: tab,
    codecs: capable ? names(RTCRtpReceiver.getCapabilities('video')) : [],
    connect: (url) => doors.open(url),
    introduce: () => identity.join,
  },
  keyed: () => identity.credential !== null,
  unable: capable ? null : 'pull.incapable',
  changed: render,
  attach: (stream) => player.attach(stream),
  reattach: () => player.reattach(),
});

const keyForm = new KeyForm((key) => {
  identity.enter(key);
  viewer.again();
});
// A frame on another site's page has no room for it.
const nameDialog = document.getElementById('me') ? new NameDialog(identity, () => viewer.introduce()) : null;

/** What the texts call the room. */
const named = { room };
let place = () => {};

function render() {
  const { state, facts } = viewer;
  entitle(named, place, viewer.title);
  root.dataset.state = state;
  root.toggleAttribute('data-picture', facts.picture);
  const key = viewText(state, facts);
  renderDoor();
  say(ui.status, key ? translator.t(key, { codec: facts.room?.video ?? '' }) : '');
  say(ui.message, detail());
  say(ui.badge, state === 'live' ? translator.t('state.live') : '');
  say(ui.viewers, facts.room?.viewers ? translator.count('pull.viewers', facts.room.viewers) : '');
  renderSound();
}

/** What a person can do to get in. */
function renderDoor() {
  const { state, facts } = viewer;
  if (state === 'key' && facts.refusal) {
    identity.refused();
    keyForm.show(keyText(facts.refusal, identity.credential, 'key.needed'));
  } else if (facts.room) {
    identity.accepted();
    keyForm.done();
  } else if (state !== 'loading') keyForm.done();
  ui.again.hidden = state !== 'removed' && state !== 'ended';
  ui.again.disabled = viewer.backAt > Date.now();
  say(ui.again, translator.t(state === 'ended' ? 'pull.next' : 'pull.again'));
  renderCountdown();
}

/** When the page tries again by itself. Not in the words that a screen reader follows: it would read every second. */
function renderCountdown() {
  const { state, retryAt, backAt } = viewer;
  const seconds = Math.ceil((retryAt - Date.now()) / 1_000);
  const away = Math.ceil((backAt - Date.now()) / 1_000);
  if (state === 'removed') {
    ui.again.disabled = away > 0;
    return say(ui.countdown, away > 0 ? translator.count('pull.back-in', away) : '');
  }
  const worth = state === 'full' || state === 'locked' || (LONG_WAITS.has(state) && seconds > 3);
  say(ui.countdown, worth && seconds > 0 ? translator.count('pull.next-try', seconds) : '');
}

/** The second sentence: what helps, or what happens next. */
function detail() {
  const { state, facts } = viewer;
  const { have, need } = facts.problem ?? {};
  switch (state) {
    case 'full': return translator.t('pull.full-hint');
    case 'locked': return translator.t('pull.locked-hint');
    case 'removed': return viewer.backAt ? '' : translator.t('pull.removed-hint');
    case 'blocked': return translator.t('pull.blocked-hint');
    case 'waiting': return translator.t(facts.wasLive ? 'pull.stopped-hint' : 'pull.waiting-hint');
    case 'unplayable': return translator.t(facts.room?.audio ? 'pull.unplayable-sound' : 'pull.unplayable-hint');
    case 'slow': return have && need
      ? translator.t('pull.slow-figures', { have: translator.bitrate(have), need: translator.bitrate(need) })
      : translator.t('pull.slow-hint');
    default: return '';
  }
}

function renderSound() {
  const { permission, muted, volume } = player;
  const { state, facts } = viewer;
  const audio = Boolean(facts.room?.audio);
  const playing = state === 'live' || state === 'slow' || state === 'away' || (state === 'unplayable' && audio);
  ui.play.hidden = !playing || permission !== 'refused';
  ui.sound.hidden = !playing || permission !== 'muted' || !audio;
  ui.mute.classList.toggle('active', muted);
  label(ui.mute, muted ? 'pull.unmute' : 'pull.mute');
  ui.volume.value = String(muted ? 0 : volume);
}

function renderFullscreen() {
  const full = Boolean(document.fullscreenElement);
  ui.fullscreen.hidden = !canFullscreen(video);
  ui.fullscreen.classList.toggle('active', full);
  label(ui.fullscreen, full ? 'pull.leave-fullscreen' : 'pull.fullscreen');
}

function toggleMute() {
  if (player.muted) player.unmute();
  else player.setMuted(true);
}

const toggleFull = () => toggleFullscreen(ui.player, video);

/** @type {ReturnType<typeof setTimeout>|undefined} */ let idle;

function wake() {
  clearTimeout(idle);
  root.classList.remove('idle');
  // Where there is no picture the controls are not in its way.
  idle = setTimeout(() => root.classList.toggle('idle', viewer.state === 'live'), IDLE);
}

/** Whether keys are for what met them. @param {EventTarget|null} target */
function isTyped(target) {
  return target instanceof HTMLInputElement && target !== ui.volume;
}

/** A frame of the picture reached the screen. Not every browser tells; figures do it there. */
function watchFrames() {
  viewer.frame();
  video.requestVideoFrameCallback?.(watchFrames);
}

ui.sound.addEventListener('click', () => player.unmute());
ui.play.addEventListener('click', () => player.unmute());
ui.mute.addEventListener('click', toggleMute);
ui.volume.addEventListener('input', () => player.setVolume(Number(ui.volume.value)));
ui.fullscreen.addEventListener('click', toggleFull);
video.addEventListener('dblclick', toggleFull);
document.addEventListener('fullscreenchange', renderFullscreen);
for (const event of ['keydown', 'focusin']) addEventListener(event, wake);
addEventListener('pointermove', ({ pointerType }) => {
  if (pointerType !== 'touch') wake();
});
// Not when the finger comes down: the tap would end on the control that appears below it.
ui.player.addEventListener('click', wake);
addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey, target }) => {
  if (ctrlKey || metaKey || altKey || isTyped(target)) return;
  // Caps Lock may be on.
  if (key.toLowerCase() === 'f') toggleFull();
  if (key.toLowerCase() === 'm') toggleMute();
});
ui.again.addEventListener('click', () => viewer.again());
setInterval(renderCountdown, 1_000);
// Another link to the same room, in the same tab.
addEventListener('hashchange', () => {
  if (identity.take() && viewer.facts.refusal) viewer.again();
});
// A page that is kept for "back" comes alive again by pageshow, as a newcomer.
addEventListener('pagehide', () => viewer.stop());
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) viewer.start();
});

/** All that is not fixed, now and in another language. */
function renderAll() {
  // No title: it would hang over the picture.
  video.setAttribute('aria-label', translator.t('pull.video', { room }));
  render();
  renderFullscreen();
  nameDialog?.render();
}

place = speak(named);
translator.onChange(renderAll);
renderAll();
wake();
video.requestVideoFrameCallback?.(watchFrames);
if (capable) {
  onWake(() => {
    viewer.check();
    player.resume();
  });
  viewer.start();
}

// For the end-to-end tests, which look behind what is shown.
Object.defineProperty(window, 'relay', {
  value: Object.freeze({ state: () => viewer.state, peer: () => viewer.peer, socket: () => viewer.socket }),
});
