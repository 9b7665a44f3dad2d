// The page at /: which room, and present or watch.

import { askAuthority } from './authority.js';
import { element, say, speak, translator } from './page.js';
import { DEFAULT_ROOM, onlyHere, pageURL, validRoom } from './room.js';

const form = element('form', HTMLFormElement);
const room = element('room', HTMLInputElement);
const hint = element('hint', HTMLElement);

function check() {
  const valid = validRoom(room.value || DEFAULT_ROOM);
  room.setAttribute('aria-invalid', String(!valid));
  say(hint, translator.t(valid ? 'home.hint' : 'home.invalid'));
  return valid;
}

/** Whoever presents from here meets the browser's warning. */
async function announceWarning() {
  if (location.protocol === 'https:' || onlyHere(location.hostname)) return;
  const { state } = await askAuthority(fetch.bind(window));
  element('https', HTMLElement).hidden = state !== 'ready';
}

room.addEventListener('input', check);
translator.onChange(check);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (!check()) return room.focus();
  const page = event.submitter?.id === 'watch' ? 'pull' : 'push';
  location.assign(pageURL(location, page, room.value || DEFAULT_ROOM));
});

speak();
check();
void announceWarning();
