// Copying a link, also where the browser offers no clipboard (plain http).

/** What copies the selection, where it has to be done by hand. */
export const COPY_KEYS = /Mac|iP/.test(navigator.platform) ? '⌘C' : 'Ctrl+C';

/** How long "Copied" stays. */
const SHOWN = 2_000;

/** @param {HTMLInputElement} input */
async function toClipboard(input) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(input.value);
    return true;
  }
  input.select();
  return document.execCommand('copy');
}

/**
 * Copies the input's text, and tells the outcome as a key. Where nothing
 * works the text is left selected.
 * @param {HTMLInputElement} input
 * @param {(key: string) => void} tell
 */
export async function copy(input, tell) {
  const copied = await toClipboard(input).catch(() => false);
  if (!copied) input.select();
  tell(copied ? 'push.copied' : 'push.copy-yourself');
  setTimeout(() => tell('push.copy'), SHOWN);
}
