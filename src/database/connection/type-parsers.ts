import pg from 'pg'
import { remember } from '../../shared/remember.js'

const TIMESTAMPTZ = 1184

/**
 * node-postgres's own parsers, with a cache of the last few timestamps: rows that were written
 * together share them, and parsing one takes longer than the rest of the row.
 */
export function typeParsers(): pg.CustomTypesConfig {
  const read = pg.types.getTypeParser(TIMESTAMPTZ, 'text')
  const msOf = remember(16, (text: string) => toMs(text, read(text)))
  // A new `Date` each time, because the caller may change it.
  const readMoment = (text: string) => new Date(msOf(text))
  return {
    getTypeParser: ((oid: number, format: 'text' | 'binary') =>
      oid === TIMESTAMPTZ && format !== 'binary'
        ? readMoment
        : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
  }
}

/**
 * Throws for a timestamp that JavaScript cannot represent, such as 'infinity', or for a DateStyle
 * other than ISO; the statement then fails before COMMIT.
 */
function toMs(text: string, moment: unknown): number {
  if (moment instanceof Date && !Number.isNaN(moment.getTime())) return moment.getTime()
  throw new Error(`The database returned a time that cannot be read: ${text}`)
}
