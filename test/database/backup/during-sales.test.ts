import { test } from 'vitest'
import { expectWholeBackup } from '../../support/backup-during-sales.js'
import { olderServers, soughtServers } from '../../support/older-servers.js'

test.skipIf(olderServers().length > 0)(
  `${soughtServers}: none is installed, so nothing is restored into an older one`,
  ({ skip }) => skip(),
)

test(
  'a backup in the middle of fifty bookings is whole, in the embedded PostgreSQL and in the oldest one',
  {
    timeout: 180_000,
  },
  () => expectWholeBackup({ bookings: 50, width: 10 }),
)
