import type { Knex } from 'knex'
import { TicketsError } from './errors.js'

/** Which rows of a table, in which order, are searched for words. */
export interface WordSearch {
  table: string
  /** The text that is searched; its words are indexed. */
  column: string
  /** Columns of the order of the list; an index has them in this order. */
  order: readonly string[]
  /** What else the rows must fulfil. */
  where: (rows: Knex.QueryBuilder) => void
  /** At most so many rows. */
  size: number
}

/** So many rows in the order of the list are looked at before the index of words is asked. */
const FIRST_LOOK = 256
/** No text that is searched has more characters than this; in UTF-16, one may count for two. */
const LONGEST = 400

/**
 * The ids of the first rows whose text has all the words, or beginnings of words, of `search`.
 *
 * PostgreSQL cannot know how many texts have a word that begins with 'li', and guesses wrong by
 * orders of magnitude: for a rare one it walks the whole list in its order, a million rows, where
 * the index of words would have found it at once. So the first rows of the list are looked at, in
 * which a common word is found often enough; only otherwise is the index asked for all there are.
 * It is asked for the word that is rarest among the first rows: for a common one it would collect
 * half the table, to keep of it what the rare one allows.
 *
 * Throws INVALID_INPUT for a search without a word in it, and for one that is too long.
 */
export function selectIdsWithWords(knex: Knex, search: string, of: WordSearch): Knex.QueryBuilder {
  const { table, column, order, where, size } = of
  const words = prefixes(search)
  const [hasWords, all] = wordCondition(column, search)
  const columns = [...new Set(['id', ...order])]
  const first = knex(table)
    .select(...columns, knex.raw(`to_tsvector('simple', ??) as words`, column))
    .modify(where)
    .orderBy([...order])
    .limit(FIRST_LOOK)
  const indexed = knex(table)
    .select(...new Set([...columns, column]))
    .modify(where)
    .whereNotNull(column)
  const found = knex('indexed').select(columns)
  if (words.length === 1) {
    indexed.whereRaw(hasWords, all)
  } else {
    indexed.whereRaw(`to_tsvector('simple', ??) @@ (${RAREST})`, [column, words])
    found.whereRaw(hasWords, all)
  }
  return knex
    .withMaterialized('first', first)
    .withMaterialized('near', knex('first').select(columns).whereRaw(`words @@ ${QUERY}`, all))
    .withMaterialized('indexed', indexed)
    .withMaterialized('found', found)
    .select('id')
    .from(
      knex('near')
        .select('*')
        .whereRaw('(select count(*) from near) >= ?', size)
        .unionAll(knex('found').select('*').whereRaw('(select count(*) from near) < ?', size))
        .as('matching'),
    )
    .orderBy([...order])
    .limit(size)
}

const QUERY = `to_tsquery('simple', ?)`

/** Of several words, the one that the fewest of the first rows have. Nothing is left of mere signs. */
const RAREST = `
  select word from unnest(?::text[]) as prefix, to_tsquery('simple', prefix) as word
  where numnode(word) > 0
  order by (select count(*) from first where words @@ word), length(prefix) desc
  limit 1`

/** The condition that a text has all the words, and the value for its `?`. Throws INVALID_INPUT. */
export function wordCondition(column: string, search: string): [condition: string, value: string] {
  return [`to_tsvector('simple', ${column}) @@ ${QUERY}`, prefixes(search).join(' & ')]
}

/** 'lion ki' → 'lion':* and 'ki':*, quoted, so that no character of the input is an operator. */
function prefixes(search: string): string[] {
  if (search.length > LONGEST) {
    throw new TicketsError(
      'INVALID_INPUT',
      `The search has ${search.length} characters; at most ${LONGEST} are allowed.`,
    )
  }
  const words = search
    .replaceAll('\0', ' ')
    .split(/\s+/u)
    .filter((word) => word !== '')
  if (words.length === 0) {
    throw new TicketsError(
      'INVALID_INPUT',
      'The search has no word in it. Give a part of the name.',
    )
  }
  return words.map((word) => `'${word.replace(/['\\]/g, ' ')}':*`)
}
