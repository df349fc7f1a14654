import pg from 'pg'

const TIMESTAMPTZ = 1184
const MOST_READ = 16

/**
 * node-postgres's own parsers, with a cache of the last few timestamps: rows that were written
 * together share them, and parsing one takes longer than the rest of the row.
 */
export function typeParsers(): pg.CustomTypesConfig {
  const readMoment = remembering(pg.types.getTypeParser(TIMESTAMPTZ, 'text'))
  return {
    getTypeParser: ((oid: number, format: 'text' | 'binary') =>
      oid === TIMESTAMPTZ && format !== 'binary'
        ? readMoment
        : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
  }
}

/**
 * Returns a new `Date` each time, because the caller may change it. Throws for a timestamp that
 * JavaScript cannot represent, such as 'infinity', or for a DateStyle other than ISO; the statement
 * then fails before COMMIT.
 */
function remembering(read: (text: string) => unknown): (text: string) => Date {
  const known = new Map<string, number>()
  return (text) => {
    const ms = known.get(text)
    if (ms !== undefined) return new Date(ms)
    const moment = read(text)
    if (!(moment instanceof Date) || Number.isNaN(moment.getTime())) {
      throw new Error(`The database returned a time that cannot be read: ${text}`)
    }
    if (known.size >= MOST_READ) known.clear()
    known.set(text, moment.getTime())
    return moment
  }
}
