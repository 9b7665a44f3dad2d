// Drawings of how iOS and Android come to trust a certificate.

import { buttons, compared, fact, item, lines, literal, mainButton, part, phone, press, settings, way, words } from './trust-drawing.js';

export const done = phone(words('address safe', 'ui.address'), part('screen'), buttons(mainButton('push.camera')));

export const iosAllow = phone(
  words('address', 'ui.address'), lines(2),
  part('box raised', words('label', 'ui.ios-question'),
    part('buttons apart', words('link', 'ui.ios-ignore'), press(1, words('link', 'ui.ios-allow')))),
  lines(2));

export const iosDownloaded = settings('ui.settings',
  press(1, way('ui.ios-downloaded')), way('ui.ios-wifi'), way('ui.ios-general'));

export const iosInstall = phone(
  part('head', words('link', 'ui.cancel'), words('caption', 'ui.ios-profile'), press(1, words('link', 'ui.install'))),
  part('list', part('item', fact('label', 'name')), part('item', words('label', 'ui.ios-contains'))));

export const iosCompare = compared(phone(
  press(1, way('ui.ios-more')),
  press(2, part('item way', fact('label', 'name'))), lines(2),
  literal('label', 'SHA-256'), fact('print', 'spaces')));

export const iosAbout = phone(
  words('crumb', 'ui.ios-general'), words('heading', 'ui.ios-about'),
  part('list', part('item', lines(1)), part('item', lines(1)), press(1, way('ui.ios-trust'))));

export const iosSwitch = phone(
  words('heading', 'ui.ios-trust'), words('label', 'ui.ios-full'),
  part('list', part('item apart', fact('label', 'name'), press(1, part('toggle')))));

export const androidCredentials = settings('ui.android-credentials',
  item('ui.android-trusted'), item('ui.android-user'), press(1, item('ui.android-install')));

export const androidCA = settings('ui.android-install',
  press(1, item('ui.android-ca')), item('ui.android-vpn'), item('ui.android-wifi'));

export const androidAnyway = phone(
  part('alert'), lines(3),
  part('buttons apart', press(1, words('link', 'ui.android-anyway')), mainButton('ui.android-dont')));

export const androidCompare = compared(phone(
  words('heading', 'ui.android-trusted'),
  part('tabs', words('tab', 'ui.android-system'), press(1, words('tab on', 'ui.android-yours'))),
  press(2, part('item', fact('label', 'name'))),
  part('box', words('label', 'ui.android-fingerprint'), fact('print', 'colons'))));
