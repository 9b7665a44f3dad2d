// What to do on each system, step by step. Data: the page makes lists of it.

import * as desktops from './trust-desktops.js';
import * as phones from './trust-phones.js';
import * as warnings from './trust-warnings.js';

/** @import { Drawing } from './trust-drawing.js' */
/** @import { System } from './platform.js' */

/** @typedef {{key: string, drawing: Drawing}} Step */
/** @typedef {{browser: string, drawing: Drawing, keys: string[]}} Past  how one browser is taken past its warning */
/** @typedef {{heading?: string, steps: Step[]}} Way  how a system or a browser comes to trust */

/**
 * @typedef {object} Guide
 * @property {System} system
 * @property {string} name       as its maker calls it
 * @property {Past[]} past
 * @property {Way[]} ways
 * @property {string[]} notes    of ways
 * @property {string[]} warned   notes of past
 * @property {boolean} [profile] it takes the certificate as a profile
 */

/** @param {string} key @param {Drawing} drawing @returns {Step} */
function step(key, drawing) {
  return { key, drawing };
}

/** @type {Past} */
const chrome = { browser: 'Chrome, Edge', drawing: warnings.chrome, keys: ['trust.chrome-advanced', 'trust.chrome-proceed'] };
/** @type {Past} */
const firefox = { browser: 'Firefox', drawing: warnings.firefox, keys: ['trust.chrome-advanced', 'trust.firefox-proceed'] };
const safariKeys = ['trust.safari-details', 'trust.safari-visit'];

const compare = step('trust.compare-download', desktops.compare);
const done = step('trust.done', desktops.done);
const donePhone = step('trust.done-phone', phones.done);

/** @type {Guide} */
const windows = {
  system: 'windows', name: 'Windows', past: [chrome, firefox], warned: [],
  ways: [{ steps: [
    compare,
    step('trust.windows-open', desktops.windowsCertificate),
    step('trust.windows-user', desktops.windowsUser),
    step('trust.windows-store', desktops.windowsStore),
    step('trust.windows-confirm', desktops.windowsConfirm),
    done,
  ] }],
  notes: ['trust.firefox-store', 'trust.windows-remove'],
};

/** @type {Guide} */
const macos = {
  system: 'macos', name: 'macOS', warned: [],
  past: [{ browser: 'Safari', drawing: warnings.safari, keys: [...safariKeys, 'trust.safari-confirm-mac'] }, chrome, firefox],
  ways: [{ steps: [
    compare,
    step('trust.macos-add', desktops.macosAdd),
    step('trust.macos-find', desktops.macosFind),
    step('trust.macos-always', desktops.macosAlways),
    step('trust.macos-password', desktops.macosPassword),
    done,
  ] }],
  notes: ['trust.firefox-store', 'trust.macos-remove'],
};

/** @type {Guide} */
const ios = {
  system: 'ios', name: 'iOS, iPadOS', profile: true, warned: ['trust.ios-note', 'trust.phone-note'],
  past: [{ browser: 'Safari', drawing: warnings.safariPhone, keys: [...safariKeys, 'trust.safari-confirm'] }],
  ways: [{ steps: [
    step('trust.compare-profile', desktops.compare),
    step('trust.ios-allow', phones.iosAllow),
    step('trust.ios-downloaded', phones.iosDownloaded),
    step('trust.ios-install', phones.iosInstall),
    step('trust.ios-about', phones.iosAbout),
    step('trust.ios-switch', phones.iosSwitch),
    donePhone,
  ] }],
  notes: ['trust.ios-remove'],
};

/** @type {Guide} */
const android = {
  system: 'android', name: 'Android', warned: ['trust.phone-note'],
  past: [{ browser: 'Chrome', drawing: warnings.chromePhone, keys: chrome.keys }],
  ways: [{ steps: [
    compare,
    step('trust.android-search', phones.androidCredentials),
    step('trust.android-ca', phones.androidCA),
    step('trust.android-anyway', phones.androidAnyway),
    donePhone,
  ] }],
  notes: ['trust.android-note', 'trust.android-remove'],
};

/** @type {Guide} */
const linux = {
  system: 'linux', name: 'Linux', past: [chrome, firefox], warned: [],
  ways: [
    { heading: 'trust.in-chrome', steps: [
      compare,
      step('trust.linux-manager', desktops.chromeManager),
      step('trust.linux-import', desktops.chromeImport),
    ] },
    { heading: 'trust.in-firefox', steps: [
      compare,
      step('trust.linux-settings', desktops.firefoxSettings),
      step('trust.linux-authorities', desktops.firefoxAuthorities),
      step('trust.linux-identify', desktops.firefoxIdentify),
    ] },
  ],
  notes: ['trust.linux-remove'],
};

export const guides = [windows, macos, ios, android, linux];
