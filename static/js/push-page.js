// The presenter's page: the DOM around a Presenter.

import { Announcer } from './announcer.js';
import { askAuthority } from './authority.js';
import { canShareScreen } from './capture.js';
import { fromQuery, has, names, VIDEO_CODECS } from './codecs.js';
import { Confirm } from './confirm.js';
import { Doors } from './doors.js';
import { AskCard, AskedCard } from './handover.js';
import { Identity } from './identity.js';
import { KeyForm } from './keyform.js';
import { LinkCard } from './linkcard.js';
import { Manage } from './manage.js';
import { Mixer } from './mixer.js';
import { Notices } from './notices.js';
import { element, entitle, say, settings, speak, translator } from './page.js';
import { Presenter } from './presenter.js';
import { cutOff, heldSince, manages, presentText } from './presentstate.js';
import { keyText } from './refusals.js';
import { roomOf, roomURL, secureURLs, socketURL, viewersURL } from './room.js';
import { storage } from './storage.js';
import { TakeOver } from './takeover.js';
import { TrustHint } from './trusthint.js';
import { ViewersCard } from './viewerscard.js';
import { onWake } from './wake.js';

/** @import { Outbound } from './stats.js' */

const root = document.documentElement;
const room = roomOf(location.pathname);
const devices = navigator.mediaDevices;
const capabilities = 'RTCRtpSender' in window ? RTCRtpSender.getCapabilities('video') : null;
const ui = {
  share: element('share', HTMLButtonElement),
  camera: element('camera', HTMLButtonElement),
  switch: element('switch', HTMLButtonElement),
  stop: element('stop', HTMLButtonElement),
  mic: element('mic', HTMLButtonElement),
  mute: element('mute', HTMLButtonElement),
  level: element('level', HTMLElement),
  codec: element('codec', HTMLSelectElement),
  preview: element('preview', HTMLVideoElement),
  badge: element('badge', HTMLElement),
  info: element('live-info', HTMLElement),
  status: element('status', HTMLElement),
  message: element('message', HTMLElement),
  viewers: element('viewers', HTMLElement),
  unplayable: element('unplayable', HTMLElement),
  elsewhere: element('elsewhere', HTMLElement),
};
const announcer = new Announcer(element('spoken', HTMLElement), (count) => translator.count('pull.viewers', count));
const linkCard = new LinkCard((text) => announcer.speak(text));
const trustHint = new TrustHint(element('untrusted', HTMLElement), () => askAuthority(fetch.bind(window)));
const notices = new Notices(() => render());
let muted = false;
/** What the texts call the room. */
const named = { room };
let place = () => {};
/** Whoever watches needs a key, as far as is known. */
let keyed = false;

const tab = storage('sessionStorage');
const identity = new Identity({ page: 'push', room, settings, tab, location, history });
const doors = new Doors({ page: 'push', room, headers: () => identity.headers });
const start = fromQuery(location.search, capabilities);
const presenter = new Presenter({
  signaling: {
    url: socketURL(location, 'push', room),
    key: `relay.push.${room}`,
    storage: tab,
    codecs: names(capabilities),
    connect: (url) => doors.open(url),
    introduce: () => identity.join,
  },
  keyed: () => identity.credential !== null,
  began: () => takeOver.end(),
  createMixer: () => new Mixer(),
  devices,
  capabilities,
  codec: start.codec,
  unable: unable(),
  changed: render,
  preview: (stream) => { ui.preview.srcObject = stream; },
  notices,
});
const request = fetch.bind(window);
const manage = new Manage({ room, request, secret: () => presenter.secret, changed: render });
const takeOver = new TakeOver({
  room, request, headers: () => identity.authorization, changed: render,
  granted: (secret) => presenter.take(secret),
  lapsed: () => presenter.giveUp(),
});
const keyForm = new KeyForm((key) => {
  identity.enter(key);
  presenter.again();
});
const viewersCard = new ViewersCard(manage, new Confirm(), (text) => announcer.speak(text), () => presenter.stop());
const askCard = new AskCard(takeOver, identity);
const askedCard = new AskedCard(manage);

/** Why this browser cannot present from here, as a key. */
function unable() {
  if (!window.isSecureContext) return 'push.insecure';
  return devices && capabilities ? null : 'push.incapable';
}

function render() {
  const { state, facts } = presenter;
  const { current: notice } = notices;
  const before = document.activeElement;
  root.dataset.state = state;
  root.toggleAttribute('data-sharing', facts.sharing);
  entitle(named, place, presenter.title);
  say(ui.badge, translator.t(`state.${state}`));
  say(ui.status, sentence());
  say(ui.message, notice ? translator.t(notice.key, notice.values) : '');
  ui.elsewhere.hidden = facts.unable !== 'push.insecure';
  // Some browsers keep a WebSocket from a certificate that was only clicked past.
  trustHint.show(location.protocol === 'https:' && cutOff(state, facts));
  renderActions();
  renderSound();
  renderAudience();
  renderDoor();
  renderHand();
  linkCard.show(viewersURL(location, room, presenter.origins), presenter.invite, keyed && !presenter.invite);
  goOn(before);
}

/** Whoever uses the keyboard was at something that is gone. */
let adrift = false;

/** Who was at a form, or at the viewers, that are gone goes on with what there is to do now. @param {Element|null} before */
function goOn(before) {
  if (before !== document.body) adrift = before?.checkVisibility() === false;
  if (adrift && !presenter.facts.sharing) [ui.share, ui.camera].find(({ hidden, disabled }) => !hidden && !disabled)?.focus();
}

/** What a person can do to get in. */
function renderDoor() {
  const { state, facts } = presenter;
  if (state === 'key' && facts.refusal) {
    identity.refused();
    keyForm.show(keyText(facts.refusal, identity.credential, 'key.needed-push'));
  } else if (facts.room) {
    identity.accepted();
    keyForm.done();
  } else if (state !== 'loading') keyForm.done();
  // The room is free again, or ours: there is nobody to ask.
  if (takeOver.state !== 'none' && takeOver.state !== 'granted' && (state === 'ready' || state === 'ended')) takeOver.end();
  askCard.render(state);
}

/** What was told of the rules last. */
let rules = '';

/** Those who watch, for as long as they are ours. */
function renderHand() {
  const { facts } = presenter;
  const ours = manages(facts);
  if (ours) manage.watch(document.visibilityState === 'visible');
  else manage.forget();
  const { locked, maxViewers, requests } = facts.room ?? {};
  const now = [ours, locked, maxViewers, requests].join();
  // Also where the page is hidden: somebody may ask for the room.
  if (ours && now !== rules) void manage.look();
  rules = now;
  viewersCard.render(facts.room);
  askedCard.render(ours);
  // Whoever presents mostly looks at something else.
  const asked = (ours && manage.people?.requests.length) || 0;
  document.title = `${asked ? `(${asked}) ` : ''}${translator.t('push.title', named)}`;
}

/** Whether the link alone opens the room. */
async function askWhetherKeyed() {
  const response = await request(roomURL(room), { cache: 'no-store' }).catch(() => null);
  keyed = response?.status === 401;
  render();
}

function renderActions() {
  const { state, facts, sources } = presenter;
  const before = document.activeElement;
  const open = state === 'ready' || state === 'ended';
  const able = !facts.unable;
  show(ui.share, able && canShareScreen(devices) && !facts.sharing, open);
  show(ui.camera, able && sources.kind !== 'camera', open || facts.sharing);
  // Where no screen can be shared the camera is the thing to press.
  ui.camera.classList.toggle('primary', !canShareScreen(devices));
  show(ui.switch, facts.sharing && (canShareScreen(devices) || sources.kind === 'camera'), true);
  show(ui.stop, facts.sharing, true);
  say(ui.switch, translator.t(flips() ? 'push.flip' : 'push.switch'));
  // Who pressed the button that is gone goes on with the one that took its place.
  const actions = [ui.stop, ui.share, ui.camera, ui.switch];
  if (actions.some((button) => button === before && button.hidden)) actions.find((button) => !button.hidden)?.focus();
}

/** @param {HTMLButtonElement} button @param {boolean} visible @param {boolean} enabled */
function show(button, visible, enabled) {
  button.hidden = !visible;
  button.disabled = !enabled;
}

/** The sentence of the state. */
function sentence() {
  const { state, facts } = presenter;
  if (state === 'live' && facts.room?.since) return translator.t('push.live-since', { time: translator.time(facts.room.since) });
  const since = heldSince(facts);
  const key = presentText(state, facts);
  if (key === 'push.ready' && !canShareScreen(devices)) return translator.t('push.camera-only');
  return translator.t(key, since ? { time: translator.time(since) } : {});
}

/** Without screens to choose from, switching turns the camera round. */
function flips() {
  return presenter.sources.kind === 'camera' && !canShareScreen(devices);
}

function renderSound() {
  const on = presenter.sources.hasMicrophone;
  ui.mic.setAttribute('aria-checked', String(on));
  ui.mic.disabled = Boolean(presenter.facts.unable);
  ui.mute.hidden = ui.level.hidden = !on;
  ui.mute.classList.toggle('active', muted);
  say(ui.mute, translator.t(muted ? 'push.unmute' : 'push.mute'));
}

function renderAudience() {
  const { facts, figures } = presenter;
  const { viewers = 0, unplayable = 0 } = facts.room ?? {};
  say(ui.viewers, String(viewers));
  if (facts.room) announcer.count(viewers);
  const codec = facts.room?.video ?? '';
  const key = codec === 'VP8' ? 'push.unplayable.vp8' : 'push.unplayable';
  say(ui.unplayable, unplayable ? translator.count(key, unplayable, { codec }) : '');
  say(ui.info, figures?.codec ? describe(figures) : '');
}

/** @param {Outbound} sample */
function describe({ width, height, fps, bitrate, codec }) {
  return translator.t('push.info', { width, height, fps, codec, bitrate: translator.bitrate(bitrate) });
}

/** The fixed parts that are filled in once, and again in another language. */
function fillIn() {
  ui.codec.replaceChildren(new Option(translator.t('push.codec-auto'), ''), ...VIDEO_CODECS.map(codecOption));
  ui.codec.value = presenter.codec;
  render();
}

/** @param {string} codec */
function codecOption(codec) {
  const able = has(capabilities, codec);
  const option = new Option(able ? codec : translator.t('push.codec-missing', { codec }), codec);
  option.disabled = !able;
  return option;
}

/** What to open instead, where the browser forbids capture on this address. */
function pointElsewhere() {
  const { here, https } = secureURLs(location);
  pointTo('here', here);
  if (https) pointTo('secure', https);
  element('over-https', HTMLElement).hidden = !https;
  element('behind-https', HTMLElement).hidden = Boolean(https);
}

/** @param {string} id @param {string} address */
function pointTo(id, address) {
  const anchor = element(id, HTMLAnchorElement);
  anchor.href = anchor.textContent = address;
}

/** The next drawing of the level. */
let frame = 0;

function drawLevel() {
  cancelAnimationFrame(frame);
  if (!presenter.sources.hasMicrophone) return;
  const level = muted ? 0 : presenter.sources.level();
  ui.level.style.setProperty('--level', level.toFixed(3));
  ui.level.setAttribute('aria-valuenow', String(Math.round(100 * level)));
  frame = requestAnimationFrame(drawLevel);
}

async function toggleMicrophone() {
  muted = false;
  presenter.sources.setMuted(false);
  await presenter.studio.setMicrophone(!presenter.sources.hasMicrophone);
  drawLevel();
}

// No await before these: capture needs the click itself.
ui.share.addEventListener('click', () => void presenter.studio.shareScreen());
ui.camera.addEventListener('click', () => void presenter.studio.useCamera());
ui.switch.addEventListener('click', () => void (flips() ? presenter.studio.flipCamera() : presenter.studio.shareScreen()));
ui.stop.addEventListener('click', () => presenter.stop());
ui.mic.addEventListener('click', () => void toggleMicrophone());
ui.mute.addEventListener('click', () => {
  muted = !muted;
  presenter.sources.setMuted(muted);
  render();
});
ui.codec.addEventListener('change', () => presenter.setCodec(ui.codec.value));
document.addEventListener('visibilitychange', renderHand);
// Another link to the same room, in the same tab.
addEventListener('hashchange', () => {
  if (identity.take() && presenter.facts.refusal) presenter.again();
});
addEventListener('pagehide', () => takeOver.leave());
addEventListener('beforeunload', (event) => {
  if (presenter.facts.sharing) event.preventDefault();
});

if (start.problem) notices.tell('codec', start.problem, { codec: start.wanted });
place = speak(named);
translator.onChange(fillIn);
fillIn();
pointElsewhere();
// Nothing to join for when this browser cannot present from here.
if (!presenter.facts.unable) {
  onWake(() => presenter.check());
  presenter.start();
  void askWhetherKeyed();
}

// For the end-to-end tests, which look behind what is shown.
Object.defineProperty(window, 'relay', {
  value: Object.freeze({ state: () => presenter.state, peer: () => presenter.peer, socket: () => presenter.socket }),
});
