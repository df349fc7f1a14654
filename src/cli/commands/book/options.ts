/** The options of `tickets book`, as they were typed. */
export interface BookOptions {
  date?: string
  seats?: string
  count?: string
  section?: string
  accessible?: boolean
  includeAccessible?: boolean
  customer?: string
  note?: string
  key?: string
  hold?: string
  dryRun?: boolean
  yes?: boolean
  file?: string
  atomic?: boolean
}
