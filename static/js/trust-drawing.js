// Simplified drawings of other programs' windows, put together from a few parts.
// They are data; the page makes elements of them.

/**
 * The certificate's name, or the first and the last bytes of its fingerprint as
 * the terminal, Apple's systems, and those without colons write them.
 * @typedef {'name'|'colons'|'spaces'|'digits'} Fact
 */

/**
 * What a part looks like (classes of css/trust-drawing.css), and what it says or holds.
 * @typedef {object} Drawing
 * @property {string} look
 * @property {string} [key]        a sentence
 * @property {string} [literal]    the same in all languages
 * @property {Fact} [fact]         of the certificate
 * @property {Drawing[]} [inside]
 */

/**
 * @param {string} look
 * @param {...Drawing} inside
 * @returns {Drawing}
 */
export function part(look, ...inside) {
  return { look, inside };
}

/** @param {string} look @param {string} key @returns {Drawing} */
export function words(look, key) {
  return { look, key };
}

/** @param {string} look @param {Fact} name @returns {Drawing} */
export function fact(look, name) {
  return { look, fact: name };
}

/** @param {string} look @param {string} text @returns {Drawing} */
export function literal(look, text) {
  return { look, literal: text };
}

/** @param {string} name */
export function file(name) {
  return part('file', literal('literal', name));
}

/** What to press, and as the how-many-th. @param {number} number @param {Drawing} drawing */
export function press(number, drawing) {
  return part('press', drawing, literal('number', String(number)));
}

/** Text that matters to nobody. @param {number} count */
export function lines(count) {
  return part('lines', ...Array.from({ length: count }, () => part('line')));
}

/** @param {string} key */
export function button(key) {
  return words('button', key);
}

/** @param {string} key */
export function mainButton(key) {
  return words('button main', key);
}

/** @param {...Drawing} inside */
export function buttons(...inside) {
  return part('buttons', ...inside);
}

/** One that is to choose from others. @param {string} key @param {boolean} on */
export function radio(key, on) {
  return part(on ? 'option radio on' : 'option radio', words('label', key));
}

/** @param {string} key @param {boolean} on */
export function tick(key, on) {
  return part(on ? 'option tick on' : 'option tick', words('label', key));
}

/** A line of a list. @param {string} key */
export function item(key) {
  return part('item', words('label', key));
}

/** A line of a list that leads on. @param {string} key */
export function way(key) {
  return part('item way', words('label', key));
}

/** A window of a desktop. @param {string} title @param {...Drawing} inside */
export function dialog(title, ...inside) {
  return part('window', part('bar', words('caption', title), part('cross')), part('body', ...inside));
}

/** A window of macOS. @param {string} title @param {...Drawing} inside */
export function macWindow(title, ...inside) {
  return part('window round', part('bar', part('lights'), words('caption', title)), part('body', ...inside));
}

/** A browser that shows what it warns of. @param {...Drawing} inside */
export function browser(...inside) {
  return part('window round', part('bar', words('address unsafe', 'ui.address')), part('body', part('alert'), ...inside));
}

/** A phone. @param {...Drawing} inside */
export function phone(...inside) {
  return part('phone', part('body', ...inside));
}

/** A phone whose settings are open. @param {string} title @param {...Drawing} inside */
export function settings(title, ...inside) {
  return phone(words('heading', title), part('list', ...inside));
}

/** What shows a fingerprint, above the terminal, which shows the right one. @param {Drawing} shown */
export function compared(shown) {
  const terminal = part('sheet terminal', words('caption', 'ui.terminal'), fact('print right', 'colons'));
  return part('pair', shown, part('equals'), terminal);
}
