import type { Knex } from 'knex'
import { TicketsError } from '../shared/errors.js'
import { canonicalText } from '../shared/fold-text.js'

/** Which rows of a table, in which order, are searched for words. */
export interface WordSearch {
  table: string
  /** The text that is searched; its words are indexed. */
  column: string
  /** Columns of the order of the list; an index has them in this order. */
  order: readonly string[]
  /** The order backwards. */
  isDescending?: boolean
  /** What else the rows must fulfil. */
  where: (rows: Knex.QueryBuilder) => void
  /** At most so many rows. */
  size: number
  /** So many rows in the order of the list are looked at first: what a millisecond suffices for. */
  look: number
}

/** So many times the rows of the first look are looked at in the second. */
const FURTHER = 16
/** No text that is searched has more characters than this; in UTF-16, one may count for two. */
const LONGEST = 400

/**
 * The ids of the first rows whose text has all the words, or beginnings of words, of `search`.
 *
 * PostgreSQL cannot know how many texts have a word that begins with 'li', and guesses wrong by
 * orders of magnitude: for a rare one it walks the whole list in its order, a million rows, where
 * the index of words would have found it at once; for a common one it collects a hundred thousand
 * by the index, to keep the first. So the first rows of the list are looked at, in which a common
 * word is found often enough. They also tell how common it is: a word that will do if it goes on
 * like this is looked for further on, and for a rarer one the index is asked for all there are.
 *
 * The index is asked for the word that is rarest among the first rows: for a common one it would
 * collect half the table, to keep of it what the rare one allows.
 *
 * Throws INVALID_INPUT for a search without a word in it, and for one that is too long.
 */
export function selectIdsWithWords(knex: Knex, search: string, of: WordSearch): Knex.QueryBuilder {
  const { column, where, order, isDescending = false, size, look } = of
  const columns = [...new Set(['id', ...order])]
  const inOrder = order.map((column) => ({ column, order: isDescending ? 'desc' : 'asc' }))
  const words = prefixes(search)
  const [hasWords, all] = wordCondition(column, search)
  const rows = () => knex(of.table).select(columns).modify(where)
  const looked = (limit: number) =>
    rows()
      .select(knex.raw(`${wordsIn(column)} as words`))
      .orderBy(inOrder)
      .limit(limit)
  const pageOf = (matching: Knex.QueryBuilder) => matching.orderBy(inOrder).limit(size)
  // What is near is far too, and what is far is found: each is the beginning of the next.
  const near = knex('first').select(columns).whereRaw(`words @@ ${QUERY}`, all)
  const far = knex(looked(FURTHER * look).as('further'))
    .select(columns)
    .whereRaw(`words @@ ${QUERY}`, all)
    .whereRaw(`${COUNT_NEAR} between ? and ?`, [Math.ceil(size / FURTHER), size - 1])
  const indexed = rows().select(column).whereNotNull(column)
  const found = knex('indexed')
    .select(columns)
    .whereRaw(`greatest(${COUNT_NEAR}, (select count(*) from far)) < ?`, size)
  if (words.length === 1) {
    indexed.whereRaw(hasWords, all)
  } else {
    indexed.whereRaw(`${wordsIn(column)} @@ (${RAREST})`, [words])
    found.whereRaw(hasWords, all)
  }
  return pageOf(
    knex
      .with('first', looked(look))
      .with('near', pageOf(near))
      .with('far', pageOf(far))
      .withMaterialized('indexed', indexed)
      .with('found', pageOf(found))
      .select('id')
      .from(
        knex('near')
          .select(columns)
          .union(['far', 'found'].map((more) => knex(more).select(columns)))
          .as('matching'),
      ),
  )
}

const COUNT_NEAR = '(select count(*) from near)'
const QUERY = `to_tsquery('simple', folded_text(?))`

/** Of several words, the one that the fewest of the first rows have. Nothing is left of mere signs. */
const RAREST = `
  select word from unnest(?::text[]) as prefix, to_tsquery('simple', folded_text(prefix)) as word
  where numnode(word) > 0
  order by (select count(*) from first where words @@ word), length(prefix) desc
  limit 1`

/** The condition that a text has all the words, and the value for its `?`. Throws INVALID_INPUT. */
export function wordCondition(column: string, search: string): [condition: string, value: string] {
  return [`${wordsIn(column)} @@ ${QUERY}`, prefixes(search).join(' & ')]
}

/** What the indexes of words have, word for word. */
function wordsIn(column: string): string {
  return `to_tsvector('simple', folded_text(${column}))`
}

/** 'lion ki' → 'lion':* and 'ki':*. */
function prefixes(search: string): string[] {
  return wordsOf(search).map((word) => `'${word}':*`)
}

/**
 * 'lion ki' → 'lion' and 'ki', good to be quoted: no character of the input is an operator.
 * Throws INVALID_INPUT.
 */
export function wordsOf(search: string): string[] {
  if (search.length > LONGEST) {
    throw new TicketsError(
      'INVALID_INPUT',
      `The search has ${search.length} characters; at most ${LONGEST} are allowed.`,
    )
  }
  const words = canonicalText(search.replaceAll('\0', ' '))
    .split(' ')
    .filter((word) => word !== '')
  if (words.length === 0) {
    throw new TicketsError(
      'INVALID_INPUT',
      'The search has no word in it. Give a part of the name.',
    )
  }
  return words.map((word) => word.replace(/['\\]/g, ' '))
}
