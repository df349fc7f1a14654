import type { Knex } from 'knex'

/**
 * Compares text as people type it, and orders bookings by the database's clock.
 *
 * `canonical_text` is a text in NFC, with runs of spaces as one space and typographic apostrophes as
 * `'`; `folded_text` is the same without regard to case. `src/shared/fold-text.ts` has both in
 * TypeScript, and a test compares them. Text is stored as it was typed; the indexes contain it
 * folded. The functions name everything that they use with its schema, so neither the settings of a
 * session nor the locale of the database changes the contents of an index. Most text is ASCII, which
 * takes a short path.
 *
 * The indexes for the order of bookings start with `created_at`: ids are made by clients' clocks,
 * which differ.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`create collation people from ${await bestCollation(knex)}`)
  await knex.raw(`
    create function canonical_text(given text) returns text
    language sql immutable parallel safe
    return pg_catalog.btrim(pg_catalog.regexp_replace(
      pg_catalog.translate(
        normalize(given, NFC), '${APOSTROPHES}', '${"''".repeat(APOSTROPHES.length)}'
      ),
      '[${SPACES}]+' collate pg_catalog."C", ' ', 'g'
    ))
  `)
  // To upper case, so that 'STRASSE' equals 'Straße'; to lower case before that, so that 'STRAẞE'
  // does, too. The sigma at the end of a word and the dot over a Turkish i are special cases.
  await knex.raw(`
    create function folded_text(given text) returns text
    language sql immutable parallel safe
    return case
      when pg_catalog.octet_length(given) = pg_catalog.char_length(given)
        and given operator(pg_catalog.!~) ('^ |  | $|[^ -~]' collate pg_catalog."C")
      then pg_catalog.lower(given collate pg_catalog."C") collate people
      else pg_catalog.translate(
        normalize(
          pg_catalog.lower(pg_catalog.upper(pg_catalog.lower(
            canonical_text(given) collate people
          ))),
          NFC
        ),
        'ς\u0307', 'σ'
      )
    end
  `)

  await knex.raw('drop index shows_name')
  await knex.raw(`create index shows_name on shows ((folded_text(name) collate pg_catalog."C"))`)
  await indexWords(knex, (column) => `folded_text(${column})`)

  await knex.raw('drop index bookings_show_id')
  await knex.raw('create index bookings_show_id on bookings (show_id, created_at, id)')
  await knex.raw('create index bookings_created_at on bookings (created_at, id)')
  // Only this gives the planner statistics of the folded text.
  await knex.raw('analyze shows, bookings')
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index bookings_created_at')
  await knex.raw('drop index bookings_show_id')
  await knex.raw('create index bookings_show_id on bookings (show_id, id)')

  await indexWords(knex, (column) => column)
  await knex.raw('drop index shows_name')
  await knex.raw('create index shows_name on shows (name)')

  await knex.raw(`drop function folded_text`)
  await knex.raw(`drop function canonical_text`)
  await knex.raw(`drop collation people`)
}

/** The characters that JavaScript's `\s` matches. */
const SPACES = '\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'
/** ‘ ’ ‛, two modifier letters of that shape, a prime, and a full-width apostrophe. */
const APOSTROPHES = '\u2018\u2019\u201b\u02bb\u02bc\u2032\uff07'

const COLLATIONS = `'{und-x-icu,pg_c_utf8,C.utf8,C.UTF-8,C}'::text[]`

/**
 * A collation that covers all letters and does not depend on the database: ICU's, which nearly every
 * server has, otherwise one that at least maps upper and lower case.
 */
async function bestCollation(knex: Knex): Promise<string> {
  const { rows } = await knex.raw(`
    select 'pg_catalog.' || pg_catalog.quote_ident(collname) as name
    from pg_catalog.pg_collation
    where collnamespace = 'pg_catalog'::pg_catalog.regnamespace
      and collencoding in (
        -1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding())
      )
      and collname::text = any(${COLLATIONS})
    order by pg_catalog.array_position(${COLLATIONS}, collname::text)
    limit 1
  `)
  return rows[0].name
}

/** Rebuilds everything that contains words of shows and customers, from the expressions of `of`. */
async function indexWords(knex: Knex, of: (column: string) => string): Promise<void> {
  await knex.raw(`
    create or replace function words_of(name text) returns setof bytea
    language sql stable
    begin atomic
      select pg_catalog.convert_to(word, 'UTF8')
      from pg_catalog.unnest(
        pg_catalog.tsvector_to_array(pg_catalog.to_tsvector('pg_catalog.simple', ${of('name')}))
      ) as word;
    end
  `)
  await knex.raw('alter table show_words drop constraint show_words_pkey')
  await knex.raw('truncate show_words')
  // Inserted in order, so that words that are read together are stored together.
  await knex.raw(`
    insert into show_words
    select word, start_time, id from shows, words_of(name) as word
    order by word, start_time, id
  `)
  await knex.raw('alter table show_words add primary key (word, start_time, id)')
  await knex.raw('analyze show_words')

  const wordsIn = (column: string) => `pg_catalog.to_tsvector('pg_catalog.simple', ${of(column)})`
  await knex.raw('drop index shows_name_words')
  await knex.raw(`create index shows_name_words on shows using gin (${wordsIn('name')})`)
  await knex.raw('drop index shows_start_time_id_words')
  await knex.raw(
    `create index shows_start_time_id_words
     on shows (start_time, id, ${wordsIn('name')}) include (name)`,
  )
  await knex.raw('drop index bookings_customer_words')
  await knex.raw(
    `create index bookings_customer_words on bookings using gin (${wordsIn('customer')})
     where customer is not null`,
  )
}
