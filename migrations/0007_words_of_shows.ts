import type { Knex } from 'knex'

/**
 * The words of all shows, with the shows of each word in the order of the list.
 *
 * A GIN index finds the shows that have a word, but in no order, so the first twenty could only be
 * found by reading all. In this table they are the start of a range, at about a hundred bytes a
 * word. A word is kept as UTF-8 bytes, in whose order all words with one prefix are a range, too,
 * whatever the collation.
 *
 * Triggers maintain the words, so that no code path can omit them. They run as the schema's owner: a
 * clerk may only read. There is no foreign key, because it would look the show up once per word.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table show_words (
      word bytea not null,
      start_time timestamptz not null,
      id uuid not null
    )
  `)
  await knex.raw(`
    create function words_of(name text) returns setof bytea language sql stable as $$
      select convert_to(word, 'UTF8')
      from unnest(tsvector_to_array(to_tsvector('simple', name))) as word
    $$
  `)
  // Inserted in order, so that words that are read together are stored together.
  await knex.raw(`
    insert into show_words
    select word, start_time, id from shows, words_of(name) as word order by word, start_time, id
  `)
  await knex.raw('alter table show_words add primary key (word, start_time, id)')
  await knex.raw('analyze show_words')

  await knex.raw(`
    create function keep_show_words() returns trigger language plpgsql
    security definer set search_path from current as $$
    begin
      if tg_op = 'TRUNCATE' then
        truncate show_words;
        return null;
      end if;
      if tg_op <> 'INSERT' then
        delete from show_words
        where word in (select words_of(old.name)) and start_time = old.start_time and id = old.id;
      end if;
      if tg_op <> 'DELETE' then
        insert into show_words select words_of(new.name), new.start_time, new.id;
      end if;
      return null;
    end $$
  `)
  // Only these columns: a sale changes others.
  await knex.raw(`
    create trigger keep_show_words after insert or delete or update of id, name, start_time on shows
    for each row execute function keep_show_words()
  `)
  await knex.raw(`
    create trigger empty_show_words after truncate on shows
    for each statement execute function keep_show_words()
  `)
  // Roles that could search the shows still can, without a new grant.
  await knex.raw(`
    do $$
    declare
      reader text;
    begin
      for reader in
        select case grantee when 0 then 'public' else grantee::regrole::text end
        from pg_class, aclexplode(relacl)
        where pg_class.oid = 'shows'::regclass and privilege_type = 'SELECT'
      loop
        execute format('grant select on show_words to %s', reader);
      end loop;
    end $$
  `)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop trigger empty_show_words on shows')
  await knex.raw('drop trigger keep_show_words on shows')
  await knex.raw('drop function keep_show_words')
  await knex.raw('drop function words_of')
  await knex.raw('drop table show_words')
}
