import type { Knex } from 'knex'
import { wordCondition, wordsOf } from './word-search.js'

/** So many words that begin alike are too many to ask each of them for its shows. */
const MANY = 64

/**
 * The first shows whose name has all the words, or beginnings of words, of `search`: at most `size`
 * of those that fulfil `where`. Each row has an `id` and whether it `is_known` that these are the
 * first. A row without an `id` comes when there are none, and when it is not known.
 *
 * `show_words` has the shows of each word in the order of the list: however rare they are, or late,
 * the first are found without the others. 'ham' begins several words, each of which is asked for its
 * own first shows. Where there are too many words like this, nothing is known, and the list itself
 * has to be looked through: see `selectIdsWithWords`.
 *
 * Of several words, one is asked, and its shows are looked at for the others, until there are
 * enough: the word that has the fewest shows, or the latest.
 *
 * Throws INVALID_INPUT for a search without a word in it, and for one that is too long.
 */
export function selectFirstWithWords(
  knex: Knex,
  search: string,
  { where, isDescending, size }: FirstShows,
): Knex.Raw {
  const direction = isDescending ? 'desc' : 'asc'
  const words = wordsOf(search)
  const [hasWords, all] = wordCondition('name', search)
  // The index of the list has the name and its words: the show itself is not looked at. With EXISTS,
  // PostgreSQL might think of asking the other index for all the shows that have the words.
  const ofOne = knex('show_words')
    .select('start_time', 'id')
    .modify(where)
    .whereRaw('show_words.word = bearers.word')
    .whereRaw(
      `(numnode(to_tsquery('simple', folded_text(?))) = 1 or (
         select ${hasWords} from shows
         where shows.start_time = show_words.start_time and shows.id = show_words.id
       ))`,
      [all, all],
    )
    .orderBy(['start_time', 'id'].map((column) => ({ column, order: direction })))
    .limit(size)
  return knex.raw(
    `with recursive sought as (
       select given.word, given.word || '\\xff' as beyond
       from unnest(?::text[]) as part, words_of(part) as given (word)
       ${words.length > 1 ? byRarity(isDescending) : ''}
       limit 1
     ), bearers (word, nth) as (
       (select word, 1 from show_words
        where word >= (select word from sought) and word < (select beyond from sought)
        order by word limit 1)
       union all
       (select next.word, nth + 1 from bearers, lateral (
          select word from show_words
          where word > bearers.word and word < (select beyond from sought)
          order by word limit 1
        ) as next
        where nth < ${MANY})
     )
     select is_known, id
     from (select count(*) < ${MANY} as is_known from bearers) as known left join (
       select distinct start_time, id from bearers cross join lateral (?) as listed
       where (select count(*) from bearers) < ${MANY}
       order by start_time ${direction}, id ${direction} limit ?
     ) as first on true`,
    [words, ofOne, size],
  )
}

/** Which of the shows with a word come first. */
interface FirstShows {
  /** What else the rows of `show_words` must fulfil. */
  where: (rows: Knex.QueryBuilder) => void
  /** The latest first. */
  isDescending: boolean
  size: number
}

/** A word with fewer shows than 256 before all others; else the one whose first 256 lie farthest. */
function byRarity(isDescending: boolean): string {
  const direction = isDescending ? 'desc' : 'asc'
  const farthest = isDescending ? '-extract(epoch from min(start_time))' : 'max(start_time)'
  return `
    order by (
      select row(-count(*), ${farthest}) from (
        select start_time from show_words
        where show_words.word >= given.word and show_words.word < given.word || '\\xff'
        order by show_words.word ${direction}, start_time ${direction} limit 256
      ) as its_first
    ) desc`
}
