// Drawings of the warnings, each with what to press to go past it.

import { browser, button, buttons, lines, mainButton, part, phone, press, words } from './trust-drawing.js';

export const chrome = browser(
  words('title', 'ui.chrome-title'), lines(2),
  part('buttons apart', press(1, button('ui.advanced')), mainButton('ui.chrome-back')),
  lines(2), press(2, words('link', 'ui.chrome-proceed')),
);

export const firefox = browser(
  words('title', 'ui.firefox-title'), lines(2),
  part('buttons apart', mainButton('ui.firefox-back'), press(1, button('ui.advanced'))),
  part('box', lines(2), press(2, button('ui.firefox-proceed'))),
);

const safariText = [
  words('title', 'ui.safari-title'), lines(2),
  buttons(press(1, button('ui.safari-details')), button('ui.safari-back')),
  part('box', lines(2), press(2, words('link', 'ui.safari-visit'))),
];
const safariQuestion = part('box raised', lines(1), buttons(button('ui.cancel'), press(3, mainButton('ui.safari-confirm'))));

export const safari = browser(...safariText, safariQuestion);

export const safariPhone = phone(part('alert'), ...safariText, safariQuestion, words('address unsafe', 'ui.address'));

export const chromePhone = phone(
  words('address unsafe', 'ui.address'), part('alert'), words('title', 'ui.chrome-title'), lines(2),
  part('buttons apart', press(1, button('ui.advanced')), mainButton('ui.chrome-back')),
  lines(2), press(2, words('link', 'ui.chrome-proceed')),
);
