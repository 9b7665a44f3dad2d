// Elements of guides and drawings. Texts are named, and put in place by the page.

/** @import { Drawing } from './trust-drawing.js' */
/** @import { Guide, Past, Step, Way } from './trust-guides.js' */

/**
 * @param {string} tag
 * @param {{key?: string, text?: string, look?: string}} says
 * @param {...Node} inside
 */
function make(tag, { key, text, look }, ...inside) {
  const element = document.createElement(tag);
  if (look) element.className = look;
  if (key) element.dataset.t = key;
  if (text) element.textContent = text;
  element.append(...inside);
  return element;
}

/** @param {Drawing} drawing @returns {HTMLElement} */
function draw({ look, key, literal, fact, inside = [] }) {
  const classes = look.split(' ').map((name) => `d-${name}`).join(' ');
  const element = make('span', { key, text: literal, look: classes }, ...inside.map(draw));
  if (fact) element.dataset.fact = fact;
  return element;
}

/** A drawing; the words beside it say the same. @param {Drawing} drawing */
function picture(drawing) {
  const frame = make('div', { look: 'picture' }, draw(drawing));
  frame.setAttribute('aria-hidden', 'true');
  return frame;
}

/** @param {Past} past */
function pastCard({ browser, drawing, keys }) {
  const list = make('ol', {}, ...keys.map((key) => make('li', { key })));
  return make('section', { look: 'card past' }, make('h3', { text: browser }), picture(drawing), list);
}

/** @param {Step} step */
function stepCard({ key, drawing, command }) {
  const typed = command ? [make('code', { text: command })] : [];
  return make('li', { look: 'card' }, make('p', { key }), ...typed, picture(drawing));
}

/** @param {Way} way */
function wayList({ heading, steps }) {
  const list = make('ol', { look: 'steps' }, ...steps.map(stepCard));
  return heading ? make('section', {}, make('h3', { key: heading }), list) : list;
}

/** @param {string} key */
function note(key) {
  return make('p', { key, look: 'note' });
}

/** What to do on one system. @param {Guide} guide */
export function panelOf({ system, past, warned, ways, notes }) {
  const panel = make('div', { look: 'panel' },
    make('h2', { key: 'trust.past' }), make('p', { key: 'trust.past-hint', look: 'hint' }),
    make('div', { look: 'pasts' }, ...past.map(pastCard)), ...warned.map(note),
    make('h2', { key: 'trust.for-good' }), make('p', { key: 'trust.for-good-hint', look: 'hint' }),
    ...ways.map(wayList), ...notes.map(note));
  panel.id = `panel-${system}`;
  panel.tabIndex = 0;
  panel.setAttribute('role', 'tabpanel');
  panel.setAttribute('aria-labelledby', system);
  return panel;
}

/** @param {Guide} guide */
export function tabOf({ system, name }) {
  const tab = make('button', { text: name });
  tab.id = system;
  tab.setAttribute('type', 'button');
  tab.setAttribute('role', 'tab');
  tab.setAttribute('aria-controls', `panel-${system}`);
  return tab;
}
