// What a list of viewers says and in which order. Pure.

/** @import { Person } from './manage.js' */
/** @import { Room } from './messages.js' */
/** @import { Values } from './i18n.js' */

/** Below this, repairs hide what is lost. */
const LOSSY = 0.05;

/**
 * How somebody is doing: a sentence, and how bad it is, from 0.
 * @typedef {{key: string, values: Values, bad: number}} Condition
 */

/**
 * @param {Person} person
 * @param {Pick<Room, 'video'|'audio'>|null} room
 * @returns {Condition}
 */
export function conditionOf(person, room) {
  /** @param {number} bad @param {string} key @param {Values} [values] @returns {Condition} */
  const is = (bad, key, values = {}) => ({ key, values, bad });
  if (!person.connected) return is(2, 'people.apart');
  if (person.trouble === 'codec-unsupported') {
    return room?.video ? is(4, 'people.cannot-play', { codec: room.video }) : is(4, 'people.cannot-play-this');
  }
  if (person.trouble === 'rate-limited') return is(4, 'people.slow');
  if (room?.video && !person.picture) return is(3, 'people.waits');
  if (person.loss >= LOSSY) return is(1, 'people.lossy', { percent: percent(person.loss) });
  return room?.video || !room?.audio ? is(0, 'people.sees') : is(0, 'people.hears');
}

/** @param {number} part  0 to 1 */
export function percent(part) {
  const figure = 100 * part;
  return `${figure > 0 && figure < 1 ? '<1' : Math.round(figure)} %`;
}

/** Numbers for those who have no name: in the order in which they came, for as long as the page lasts. Owns them. */
export class Numbers {
  /** @type {Map<string, number>} by id */ #given = new Map();
  #next = 1;

  /**
   * What each is called, by id. Of two with one name each has a number, too.
   * @param {Person[]} people
   * @param {(number: number) => string} numbered  the name of whoever has none
   */
  titles(people, numbered) {
    for (const { id } of byArrival(people)) if (!this.#given.has(id)) this.#given.set(id, this.#next++);
    /** @type {Map<string, number>} */ const bearers = new Map();
    for (const { name } of people) if (name) bearers.set(name, (bearers.get(name) ?? 0) + 1);
    return new Map(people.map(({ id, name }) => {
      const number = this.#given.get(id) ?? 0;
      if (!name) return [id, numbered(number)];
      return [id, (bearers.get(name) ?? 0) > 1 ? `${name} (${number})` : name];
    }));
  }
}

/** @param {Person[]} people */
function byArrival(people) {
  return [...people].sort((a, b) => Date.parse(a.since) - Date.parse(b.since) || (a.id < b.id ? -1 : 1));
}

/**
 * The ids in the order of the list: trouble first, then whoever came first. While somebody points at
 * the list nothing in it moves: who comes stands at its end, and who left stays where he was.
 * @param {string[]} before   the ids in the list
 * @param {Person[]} people
 * @param {Pick<Room, 'video'|'audio'>|null} room
 * @param {boolean} steady    somebody points at it
 */
export function arranged(before, people, room, steady) {
  if (!steady) return byArrival(people).sort((a, b) => conditionOf(b, room).bad - conditionOf(a, room).bad).map(({ id }) => id);
  return [...before, ...byArrival(people).map(({ id }) => id).filter((id) => !before.includes(id))];
}

/**
 * Whether somebody is looked for.
 * @param {string} text   what was typed
 * @param {string[]} said what the list says of somebody
 */
export function fits(text, said) {
  const wanted = plain(text.trim());
  return wanted === '' || said.some((words) => plain(words).includes(wanted));
}

/** @param {string} text */
function plain(text) {
  return text.replaceAll('\u00a0', ' ').toLocaleLowerCase();
}

/**
 * What a person typed as the most viewers: null for any number, undefined for nonsense.
 * @param {string} text
 */
export function limitOf(text) {
  if (text.trim() === '') return null;
  const limit = Number(text);
  return Number.isInteger(limit) && limit >= 1 && limit <= 1_000_000 ? limit : undefined;
}
