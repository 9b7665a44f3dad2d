// When the world may have changed without a word: network back, tab shown, machine awake.

const TICK = 1_000;
/** A timer this late means that the machine slept. */
const ASLEEP = 5_000;

/**
 * Calls back whenever connections should be looked at now.
 * @param {() => void} callback
 */
export function onWake(callback) {
  addEventListener('online', callback);
  addEventListener('pageshow', callback);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') callback();
  });
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > TICK + ASLEEP) callback();
    last = now;
  }, TICK);
}
