import pg from 'pg'

const TIMESTAMPTZ = 1184
const MOST_READ = 16

/**
 * node-postgres' own parsers, but that the last few moments are not read anew: rows that were
 * written together share them, and reading one takes longer than all else in a row.
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
 * A copy for each row, since its caller may change a `Date`. Throws for what is no time to JavaScript,
 * such as 'infinity' or a DateStyle that is not ISO: the statement then fails, which is before COMMIT.
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
