import { test } from 'vitest'
import { expectWholeBackup } from '../support/backup-during-sales.js'
import { olderServers } from '../support/older-servers.js'

test('a backup in the middle of two hundred bookings is whole, in the embedded PostgreSQL and in older ones', async () => {
  const targets = [undefined, ...olderServers().map(({ programs }) => programs)]
  await expectWholeBackup({ bookings: 200, width: 40, targets })
})
