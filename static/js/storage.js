// What the page remembers. Browsers that keep nothing for sites throw at the first touch.

/** @typedef {Pick<Storage, 'getItem'|'setItem'|'removeItem'>} Kept */

const PROBE = 'relay.probe';

/**
 * The browser's storage, or one that lasts as long as the page where the browser refuses.
 * @param {'localStorage'|'sessionStorage'} name
 * @param {Record<typeof name, Kept>} [browser]
 * @returns {Kept}
 */
export function storage(name, browser = window) {
  try {
    const kept = browser[name];
    kept.setItem(PROBE, '');
    kept.removeItem(PROBE);
    return kept;
  } catch {
    return inMemory();
  }
}

/** @returns {Kept} */
function inMemory() {
  /** @type {Map<string, string>} */ const entries = new Map();
  return {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}
