// Drawings of how Windows, macOS and the browsers of Linux come to trust a certificate.

import { button, buttons, dialog, fact, file, item, lines, macWindow, mainButton, part, press, radio, tick, words } from './trust-drawing.js';

export const compare = part('pair',
  part('sheet', words('caption', 'ui.this-page'), fact('print', 'start')),
  part('equals'),
  part('sheet terminal', words('caption', 'ui.terminal'), fact('print', 'start')));

export const done = part('window round',
  part('bar', words('address safe', 'ui.address')),
  part('body', part('screen'), buttons(mainButton('push.share'))));

export const windowsCertificate = part('stack',
  file('relay-ca.crt'),
  dialog('ui.windows-certificate',
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
  file('relay-ca.crt'),
  macWindow('ui.macos-add-title',
    lines(2),
    part('field-row', words('label', 'ui.macos-keychain'), press(1, words('field choice', 'ui.macos-login'))),
    buttons(button('ui.cancel'), press(2, mainButton('ui.macos-add')))));

export const macosFind = macWindow('ui.macos-access',
  part('columns',
    part('side', press(1, item('ui.macos-login')), item('ui.macos-system')),
    part('stack', part('tabs', press(2, words('tab on', 'ui.certificates'))),
      part('list', part('item', lines(1)), press(3, part('item', fact('label', 'name'))), part('item', lines(1))))));

export const macosAlways = part('window round',
  part('bar', part('lights'), fact('caption', 'name')),
  part('body',
    press(1, part('item fold', words('label', 'ui.macos-trust'))),
    part('field-row', words('label', 'ui.macos-using'), press(2, words('field choice', 'ui.macos-always'))),
    lines(2)));

export const macosPassword = macWindow('ui.macos-access',
  part('lock'), lines(2), part('field secret'),
  buttons(button('ui.cancel'), press(1, mainButton('ui.macos-update'))));

export const chromeManager = part('window round',
  part('bar', { look: 'address', literal: 'chrome://certificate-manager' }),
  part('body', words('heading', 'ui.chrome-manager'),
    part('columns',
      part('side', press(1, item('ui.chrome-local'))),
      part('stack', words('label', 'ui.chrome-custom'), press(2, part('item way', words('label', 'ui.chrome-installed')))))));

export const chromeImport = part('window round',
  part('bar', { look: 'address', literal: 'chrome://certificate-manager' }),
  part('body', words('heading', 'ui.chrome-installed'),
    part('item apart', words('label', 'ui.chrome-trusted'), press(1, button('ui.import'))),
    part('item apart', words('label', 'ui.chrome-intermediate'), button('ui.import'))));

export const firefoxSettings = part('window round',
  part('bar', { look: 'address', literal: 'about:preferences#privacy' }),
  part('body', words('crumb', 'ui.firefox-privacy'), words('heading', 'ui.certificates'),
    tick('ui.firefox-automatic', true), press(1, button('ui.firefox-manage'))));

export const firefoxAuthorities = dialog('ui.firefox-manager',
  part('tabs', words('tab', 'ui.firefox-yours'), press(1, words('tab on', 'ui.firefox-authorities'))),
  lines(3),
  buttons(press(2, button('ui.import-dots')), mainButton('ui.ok')));

export const firefoxIdentify = dialog('ui.firefox-downloading',
  lines(1), fact('name', 'name'),
  press(1, tick('ui.firefox-websites', true)), tick('ui.firefox-mail', false),
  buttons(press(2, mainButton('ui.ok')), button('ui.cancel')));
