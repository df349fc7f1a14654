import type { Knex } from 'knex'
import { invalidInput } from '../shared/errors.js'
import { canonicalText } from '../shared/fold-text.js'

/** The rows to search for words, and their order. */
export interface WordSearch {
  table: string
  /** The text to search; its words are indexed. */
  column: string
  /** The columns that the list is ordered by; an index has them in this order. */
  order: readonly string[]
  /** Reverses the order. */
  isDescending?: boolean
  /** Further conditions on the rows. */
  where: (rows: Knex.QueryBuilder) => void
  /** The maximum number of rows. */
  size: number
  /** The number of rows to search first, in the order of the list; takes about a millisecond. */
  look: number
}

/** The second step searches this many times as many rows as the first. */
const FURTHER = 16
/** The maximum length of a searched text in UTF-16 units; a character has one or two. */
const LONGEST = 400

/**
 * Finds the ids of the first rows whose text contains all the words, or beginnings of words, of
 * `search`.
 *
 * PostgreSQL cannot estimate how many texts have a word that begins with 'li', and is wrong by
 * orders of magnitude. For a rare word it scans the whole list in order, a million rows, although
 * the index of words would find it at once; for a common word it collects a hundred thousand rows
 * by the index, to keep the first few. So this first searches the beginning of the list, where a
 * common word occurs often enough. The number of matches there also estimates how common the word
 * is: a word common enough is searched further down the list, and a rarer one in the index.
 *
 * The index is searched for the word that is rarest in those first rows, because with a common word
 * it would collect half the table.
 *
 * Throws INVALID_INPUT for a search without a word, and for one that is too long.
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
  // Each of these sets contains the previous one.
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

/**
 * Of several words, the one that the fewest of the first rows contain. Ignores words of punctuation
 * only.
 */
const RAREST = `
  select word from unnest(?::text[]) as prefix, to_tsquery('simple', folded_text(prefix)) as word
  where numnode(word) > 0
  order by (select count(*) from first where words @@ word), length(prefix) desc
  limit 1`

/**
 * Returns the condition that a text contains all the words, and the value for its `?`. Throws
 * INVALID_INPUT.
 */
export function wordCondition(column: string, search: string): [condition: string, value: string] {
  return [`${wordsIn(column)} @@ ${QUERY}`, prefixes(search).join(' & ')]
}

/** Must match the expression of the indexes on words word for word. */
function wordsIn(column: string): string {
  return `to_tsvector('simple', folded_text(${column}))`
}

/** 'lion ki' → 'lion':* and 'ki':*. */
function prefixes(search: string): string[] {
  return wordsOf(search).map((word) => `'${word}':*`)
}

/**
 * Splits 'lion ki' into 'lion' and 'ki'. The words are safe to quote: they contain no operator.
 * Throws INVALID_INPUT.
 */
export function wordsOf(search: string): string[] {
  if (search.length > LONGEST) {
    throw invalidInput(
      `The search has ${search.length} characters; at most ${LONGEST} are allowed.`,
    )
  }
  const words = canonicalText(search.replaceAll('\0', ' '))
    .split(' ')
    .filter((word) => word !== '')
  if (words.length === 0) {
    throw invalidInput('The search has no word in it. Give a part of the name.')
  }
  return words.map((word) => word.replace(/['\\]/g, ' '))
}
