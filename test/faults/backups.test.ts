import { test } from 'vitest'
import { expectWholeBackup } from '../support/backup-during-sales.js'

test(
  'a backup in the middle of two hundred bookings is whole, in the embedded PostgreSQL and in the oldest one',
  {
    timeout: 600_000,
  },
  () => expectWholeBackup({ bookings: 200, width: 40 }),
)
