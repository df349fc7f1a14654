import type { Knex } from 'knex'
import { wordCondition, wordsOf } from './word-search.js'

/** The maximum number of words with the same prefix to look up shows for. */
const MANY = 64

/**
 * Finds the first shows whose name contains all the words, or beginnings of words, of `search`: at
 * most `size` shows that fulfil `where`. Each row has an `id`, and `is_known` says whether these
 * are certainly the first ones. A row without an `id` means that there are none, or that the result
 * is unknown.
 *
 * `show_words` has the shows of each word in the order of the list, so the first ones are found
 * without the others, even if they are rare or late. 'ham' may begin several words; each is
 * searched for its first shows. If too many words match, the result is unknown, and the list itself
 * must be searched: see `selectIdsWithWords`.
 *
 * Of several words, only the one with the fewest or the latest shows is looked up; its shows are
 * checked for the other words until enough are found.
 *
 * Throws INVALID_INPUT for a search without a word, and for one that is too long.
 */
export function selectFirstWithWords(
  knex: Knex,
  search: string,
  { where, isDescending, size }: FirstShows,
): Knex.Raw {
  const direction = isDescending ? 'desc' : 'asc'
  const words = wordsOf(search)
  const [hasWords, all] = wordCondition('name', search)
  // The index of the list includes the name and its words, so the show itself is not read. With
  // EXISTS, PostgreSQL might use the other index to read all shows with these words.
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

/** Which shows with a word to find, and in which order. */
interface FirstShows {
  /** Further conditions on the rows of `show_words`. */
  where: (rows: Knex.QueryBuilder) => void
  /** Whether the latest shows come first. */
  isDescending: boolean
  size: number
}

/**
 * Prefers a word with fewer than 256 shows; otherwise, the word whose first 256 shows reach
 * furthest.
 */
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
