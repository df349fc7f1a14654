import { afterAll, beforeAll, expect, it } from 'vitest'
import { tickets } from '../support/cli.js'
import { type OwnServer, startOwnServer } from '../support/own-server.js'

let server: OwnServer
beforeAll(async () => {
  server = await startOwnServer({ tls: true, hba: 'host all md5 all md5' })
  await server.run(`CREATE ROLE scram SUPERUSER LOGIN PASSWORD 'secret'`)
  await server.run(
    `SET password_encryption = 'md5'; CREATE ROLE md5 SUPERUSER LOGIN PASSWORD 'secret'`,
  )
})
afterAll(() => server.remove())

// The bundle replaces the file of the driver that computes password hashes.
const logins = [
  ['SCRAM', 'scram', 'disable'],
  ['SCRAM, bound to the TLS connection', 'scram', 'require&channel_binding=require'],
  ['MD5', 'md5', 'disable'],
]

it.for(logins)(
  'the built program logs in by %s, and not with a wrong password',
  async ([, role, sslMode]) => {
    const url = (password: string) =>
      `postgres://${role}:${password}@localhost:${server.port}/owner?sslmode=${sslMode}`
    const right = await tickets(['migrate', '--json'], { db: url('secret') })
    expect(right.exitCode).toBe(0)
    const wrong = await tickets(['migrate', '--json'], { db: url('guess') })
    expect(wrong.exitCode).toBe(6)
    expect(wrong.json().error.code).toBe('DB_AUTH')
  },
)
