// Drawings of how Windows, macOS and the browsers of Linux come to trust a certificate.

import {
  button, buttons, compared, dialog, fact, file, item, lines, literal, macWindow, mainButton, part, press, radio, tick, words,
} from './trust-drawing.js';

export const comparePage = compared(part('sheet', words('caption', 'ui.this-page'), fact('print', 'colons')));

export const done = part('window round',
  part('bar', words('address safe', 'ui.address')),
  part('body', part('screen'), buttons(mainButton('push.share'))));

export const windowsHash = compared(part('window terminal',
  part('bar', words('caption', 'ui.windows-prompt'), part('cross')),
  part('body', literal('command', '>certutil -hashfile …'), fact('print', 'digits'))));

export const windowsCertificate = part('stack',
  file('relay-ca.cer'),
  dialog('ui.certificate',
    part('tabs', words('tab on', 'ui.windows-general'), words('tab', 'ui.windows-details')),
    fact('name', 'name'), lines(2),
    buttons(press(1, button('ui.windows-install')))));

export const windowsUser = dialog('ui.windows-wizard',
  words('label', 'ui.windows-location'),
  press(1, radio('ui.windows-user', true)), radio('ui.windows-machine', false), lines(1),
  buttons(press(2, mainButton('ui.windows-next')), button('ui.cancel')));

export const windowsStore = part('stack',
  dialog('ui.windows-wizard',
    radio('ui.windows-automatic', false), press(1, radio('ui.windows-following', true)),
    part('field-row', part('field'), press(2, button('ui.windows-browse')))),
  dialog('ui.windows-select',
    part('list', item('ui.windows-personal'), press(3, item('ui.windows-root')), item('ui.windows-enterprise'))));

export const windowsConfirm = dialog('ui.windows-security',
  lines(2), fact('name', 'name'), words('label', 'ui.windows-thumbprint'), lines(1),
  buttons(press(1, button('ui.windows-yes')), button('ui.windows-no')));

export const macosAdd = part('stack',
  file('relay-ca.cer'),
  macWindow('ui.macos-add-title',
    lines(2),
    part('field-row', words('label', 'ui.macos-keychain'), press(1, words('field choice', 'ui.macos-login'))),
    buttons(button('ui.cancel'), press(2, mainButton('ui.macos-add')))));

export const macosFind = macWindow('ui.macos-access',
  part('columns',
    part('side', press(1, item('ui.macos-login')), item('ui.macos-system')),
    part('stack', part('tabs', press(2, words('tab on', 'ui.certificates'))),
      part('list', part('item', lines(1)), press(3, part('item', fact('label', 'name'))), part('item', lines(1))))));

export const macosCompare = compared(part('window round',
  part('bar', part('lights'), fact('caption', 'name')),
  part('body',
    press(1, part('item fold', words('label', 'ui.macos-details'))), lines(2),
    literal('label', 'SHA-256'), fact('print', 'spaces'))));

export const macosAlways = part('window round',
  part('bar', part('lights'), fact('caption', 'name')),
  part('body',
    press(1, part('item fold', words('label', 'ui.macos-trust'))),
    part('field-row', words('label', 'ui.macos-using'), press(2, words('field choice', 'ui.macos-always'))),
    lines(2)));

export const macosPassword = macWindow('ui.macos-access',
  part('lock'), lines(2), part('field secret'),
  buttons(button('ui.cancel'), press(1, mainButton('ui.macos-update'))));

const chromeBar = part('bar', literal('address', 'chrome://certificate-manager'));

export const chromeManager = part('window round',
  chromeBar,
  part('body', words('heading', 'ui.chrome-manager'),
    part('columns',
      part('side', press(1, item('ui.chrome-local'))),
      part('stack', words('label', 'ui.chrome-custom'), press(2, part('item way', words('label', 'ui.chrome-installed')))))));

export const chromeImport = part('window round',
  chromeBar,
  part('body', words('heading', 'ui.chrome-installed'),
    part('item apart', words('label', 'ui.chrome-trusted'), press(1, button('ui.import'))),
    part('item apart', words('label', 'ui.chrome-intermediate'), button('ui.import'))));

export const chromeEye = part('window round',
  chromeBar,
  part('body', words('heading', 'ui.chrome-installed'), words('label', 'ui.chrome-trusted'),
    part('item apart', fact('label', 'name'), press(1, part('eye')))));

export const chromeCompare = compared(part('window round',
  part('bar', words('caption', 'ui.chrome-viewer')),
  part('body', fact('label', 'name'), words('heading', 'ui.chrome-fingerprints'), words('label', 'ui.certificate'), fact('print', 'digits'))));

export const firefoxSettings = part('window round',
  part('bar', literal('address', 'about:preferences#privacy')),
  part('body', words('crumb', 'ui.firefox-privacy'), words('heading', 'ui.certificates'),
    tick('ui.firefox-automatic', true), press(1, button('ui.firefox-manage'))));

export const firefoxAuthorities = dialog('ui.firefox-manager',
  part('tabs', words('tab', 'ui.firefox-yours'), press(1, words('tab on', 'ui.firefox-authorities'))),
  lines(3),
  buttons(press(2, button('ui.import-dots')), mainButton('ui.ok')));

export const firefoxCompare = compared(part('stack',
  dialog('ui.firefox-downloading', fact('name', 'name'), buttons(press(1, button('ui.firefox-view')))),
  part('window round',
    part('bar', literal('address', 'about:certificate')),
    part('body', words('heading', 'ui.firefox-fingerprints'), literal('label', 'SHA-256'), fact('print', 'colons')))));

export const firefoxIdentify = dialog('ui.firefox-downloading',
  lines(1), fact('name', 'name'),
  press(1, tick('ui.firefox-websites', true)), tick('ui.firefox-mail', false),
  buttons(press(2, mainButton('ui.ok')), button('ui.cancel')));
