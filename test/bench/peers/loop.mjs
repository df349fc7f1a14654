// Runs a peer's script as pgbench does, but from Node: node-postgres, prepared statements, and a
// connection for each caller. Argument: the connection as JSON.
import pg from 'pg'
import { sellTo, serveCommands } from '../serve-commands.mjs'

const settings = JSON.parse(process.argv[2])
const SERIALIZATION_FAILURE = '40001'

serveCommands({
  async sell({ sale, map, ...crowd }) {
    const clients = await Promise.all(Array.from({ length: crowd.callers }, connect))
    const [sell, look] = [parse(sale), parse(map)]
    try {
      return await sellTo(crowd, {
        book: (_place, caller) => run(clients[caller], sell, { seats: crowd.seats }),
        look: (_show, caller) => run(clients[caller], look, {}),
      })
    } finally {
      await Promise.all(clients.map((client) => client.end()))
    }
  },
})

/** Statements end with `;`, or with `\gset`: then the columns of the row become variables. */
function parse(script) {
  const text = script.replaceAll(/--.*$/gm, '')
  return [...text.matchAll(/([^;\\]+)(;|\\gset)/g)].map(([, statement, end]) => {
    const names = []
    const sql = statement.trim().replaceAll(/(?<!:):([a-z_]+)/g, (_, name) => {
      names.push(name)
      return `$${names.length}`
    })
    return { name: sql.slice(0, 60), text: sql, names, sets: end !== ';' }
  })
}

async function run(client, statements, variables) {
  const begin = statements.findIndex(({ text }) => text.startsWith('begin'))
  for (let i = 0; i < statements.length; i++) {
    const { names, sets, ...query } = statements[i]
    try {
      const { rows } = await client.query({
        ...query,
        values: names.map((name) => variables[name]),
      })
      if (sets) Object.assign(variables, rows[0])
    } catch (error) {
      if (error.code !== SERIALIZATION_FAILURE) throw error
      await client.query('rollback')
      i = begin - 1
    }
  }
}

async function connect() {
  const client = new pg.Client(settings)
  await client.connect()
  return client
}
