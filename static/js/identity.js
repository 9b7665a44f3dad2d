// Who this browser is to the relay: its device, a person's name, and what opens the room.

import { randomWord } from './secret.js';

/** @import { Kept } from './storage.js' */

const DEVICE = 'relay.device';
const NAME = 'relay.name';
/** The most bytes of a name that the relay takes. */
const LONGEST_NAME = 64;
/** What opens a room, as the fragment of a link names it. */
const KINDS = /** @type {const} */ (['key', 'token']);

/** @typedef {{kind: 'key'|'token', value: string}} Credential */

/**
 * @typedef {object} IdentityOptions
 * @property {'push'|'pull'} page
 * @property {string} room
 * @property {Kept} settings                  what the browser keeps: device and name
 * @property {Kept} tab                       what the tab keeps: the credential
 * @property {Pick<Location, 'hash'|'pathname'|'search'>} location
 * @property {Pick<History, 'replaceState'|'state'>} history
 */

/**
 * The credential in a link's fragment, like "#key=…" or "#token=…".
 * @param {string} hash
 * @returns {Credential|null}
 */
export function credentialOf(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, '').replaceAll('+', '%2B'));
  for (const kind of KINDS) {
    const value = fields.get(kind)?.trim();
    if (value) return { kind, value };
  }
  return null;
}

/**
 * As much of a name as the relay takes, in whole characters.
 * @param {string} text
 */
export function nameOf(text) {
  const name = text.replace(/\p{Cc}/gu, ' ').trim();
  let [whole, bytes] = ['', 0];
  for (const character of name) {
    bytes += new TextEncoder().encode(character).length;
    if (bytes > LONGEST_NAME) break;
    whole += character;
  }
  return whole.trim();
}

/** Owns the device's word, the name, and the credential of one page in one room. */
export class Identity {
  #options;
  #stored;
  #device;
  /** @type {Credential|null} */ #credential;
  /** The relay does not take it. */
  #refused = false;

  /** @param {IdentityOptions} options */
  constructor(options) {
    this.#options = options;
    this.#stored = `relay.credential.${options.page}.${options.room}`;
    this.#device = deviceIn(options.settings);
    this.#credential = credentialOf(options.tab.getItem(this.#stored) ?? '');
    this.take();
  }

  get name() {
    return nameOf(this.#options.settings.getItem(NAME) ?? '');
  }

  set name(text) {
    this.#options.settings.setItem(NAME, nameOf(text));
  }

  /** What there is to show; null for nothing. */
  get credential() {
    return this.#credential;
  }

  /** The fields of a join. */
  get join() {
    const opens = this.#credential ? { [this.#credential.kind]: this.#credential.value } : {};
    return { device: this.#device, name: this.name || undefined, ...opens };
  }

  /** The headers of a request that stands for a join. @returns {Record<string, string>} */
  get headers() {
    const { name } = this;
    return { ...this.authorization, 'Relay-Device': this.#device, ...(name && { 'Relay-Name': encodeURIComponent(name) }) };
  }

  /** The header that opens the room. @returns {Record<string, string>} */
  get authorization() {
    // A header holds no other characters; nor does any key that opens a room by one.
    const value = this.#credential?.value ?? '';
    return /^[\x20-\x7e]+$/.test(value) ? { Authorization: `Bearer ${value}` } : {};
  }

  /**
   * Takes the credential out of the address, where everybody sees it who sees the screen.
   * Says whether there was one.
   */
  take() {
    const { location, history } = this.#options;
    const found = credentialOf(location.hash);
    if (!found) return false;
    history.replaceState(history.state, '', `${location.pathname}${location.search}`);
    this.#keep(found);
    return true;
  }

  /** A person entered this. @param {string} key */
  enter(key) {
    this.#keep({ kind: 'key', value: key.trim() });
  }

  /** The relay does not take it: the page says so, and does not show it again when it is loaded again. */
  refused() {
    this.#refused = true;
    this.#options.tab.removeItem(this.#stored);
  }

  /** The relay took it. */
  accepted() {
    if (this.#refused && this.#credential) this.#keep(this.#credential);
  }

  /** @param {Credential} credential */
  #keep(credential) {
    this.#credential = credential;
    this.#refused = false;
    this.#options.tab.setItem(this.#stored, new URLSearchParams({ [credential.kind]: credential.value }).toString());
  }
}

/** A random word by which the relay knows this browser again. @param {Kept} settings */
function deviceIn(settings) {
  const kept = settings.getItem(DEVICE) ?? '';
  if (/^[A-Za-z0-9_-]{16,64}$/.test(kept)) return kept;
  const made = randomWord();
  settings.setItem(DEVICE, made);
  return made;
}
