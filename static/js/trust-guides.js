// What to do on each system, step by step. Data: the page makes lists of it.

import * as desktops from './trust-desktops.js';
import * as phones from './trust-phones.js';
import * as warnings from './trust-warnings.js';

/** @import { Drawing } from './trust-drawing.js' */
/** @import { System } from './platform.js' */

/** @typedef {{key: string, drawing: Drawing, command?: string}} Step  command is what to type */
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
 * @property {string} [file]     as which it takes the certificate; without one, as a profile
 */

/** @param {string} key @param {Drawing} drawing @param {string} [command] @returns {Step} */
function step(key, drawing, command) {
  return { key, drawing, command };
}

/** @type {Past} */
const chrome = { browser: 'Chrome, Edge', drawing: warnings.chrome, keys: ['trust.chrome-advanced', 'trust.chrome-proceed'] };
/** @type {Past} */
const firefox = { browser: 'Firefox', drawing: warnings.firefox, keys: ['trust.chrome-advanced', 'trust.firefox-proceed'] };
const safariKeys = ['trust.safari-details', 'trust.safari-visit'];

/** Binary: its hash is the fingerprint. */
const binary = 'relay-ca.cer';
/** Text, which Linux's browsers and Android's settings take. */
const text = 'relay-ca.crt';
const hashCommand = `certutil -hashfile "%UserProfile%\\Downloads\\${binary}" SHA256`;

// The page and the file come over plain http, each by itself: whoever is in
// between may change the one and leave the other. So what the system shows of
// the file is compared too, before it counts.
const comparePage = step('trust.compare-download', desktops.comparePage);
const done = step('trust.done', desktops.done);
const donePhone = step('trust.done-phone', phones.done);

/** @type {Guide} */
const windows = {
  system: 'windows', name: 'Windows', file: binary, past: [chrome, firefox], warned: [],
  ways: [{ steps: [
    comparePage,
    step('trust.windows-hash', desktops.windowsHash, hashCommand),
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
  system: 'macos', name: 'macOS', file: binary, warned: [],
  past: [{ browser: 'Safari', drawing: warnings.safari, keys: [...safariKeys, 'trust.safari-confirm-mac'] }, chrome, firefox],
  ways: [{ steps: [
    comparePage,
    step('trust.macos-add', desktops.macosAdd),
    step('trust.macos-find', desktops.macosFind),
    step('trust.macos-compare', desktops.macosCompare),
    step('trust.macos-always', desktops.macosAlways),
    step('trust.macos-password', desktops.macosPassword),
    done,
  ] }],
  notes: ['trust.firefox-store', 'trust.macos-remove'],
};

/** @type {Guide} */
const ios = {
  system: 'ios', name: 'iOS, iPadOS', warned: ['trust.ios-note', 'trust.phone-note'],
  past: [{ browser: 'Safari', drawing: warnings.safariPhone, keys: [...safariKeys, 'trust.safari-confirm'] }],
  ways: [{ steps: [
    step('trust.compare-profile', desktops.comparePage),
    step('trust.ios-allow', phones.iosAllow),
    step('trust.ios-downloaded', phones.iosDownloaded),
    step('trust.ios-install', phones.iosInstall),
    step('trust.ios-compare', phones.iosCompare),
    step('trust.ios-about', phones.iosAbout),
    step('trust.ios-switch', phones.iosSwitch),
    donePhone,
  ] }],
  notes: ['trust.ios-remove'],
};

/** @type {Guide} */
const android = {
  system: 'android', name: 'Android', file: text, warned: ['trust.phone-note'],
  past: [{ browser: 'Chrome', drawing: warnings.chromePhone, keys: chrome.keys }],
  ways: [{ steps: [
    comparePage,
    step('trust.android-search', phones.androidCredentials),
    step('trust.android-ca', phones.androidCA),
    step('trust.android-anyway', phones.androidAnyway),
    step('trust.android-compare', phones.androidCompare),
    donePhone,
  ] }],
  notes: ['trust.android-note', 'trust.android-remove'],
};

/** @type {Guide} */
const linux = {
  system: 'linux', name: 'Linux', file: text, past: [chrome, firefox], warned: [],
  ways: [
    { heading: 'trust.in-chrome', steps: [
      comparePage,
      step('trust.linux-manager', desktops.chromeManager),
      step('trust.linux-import', desktops.chromeImport),
      step('trust.linux-eye', desktops.chromeEye),
      step('trust.linux-compare', desktops.chromeCompare),
    ] },
    { heading: 'trust.in-firefox', steps: [
      comparePage,
      step('trust.linux-settings', desktops.firefoxSettings),
      step('trust.linux-authorities', desktops.firefoxAuthorities),
      step('trust.linux-view', desktops.firefoxCompare),
      step('trust.linux-identify', desktops.firefoxIdentify),
    ] },
  ],
  notes: ['trust.linux-remove'],
};

export const guides = [windows, macos, ios, android, linux];
