import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Tickets } from '../client/api.js'

interface RequestFacts {
  method: string
  route: string
  status: number
  seconds: number
}

/** Read when the page is requested. */
export interface Gauges {
  tickets: Pick<Tickets, 'connections'>
  requestsUnderWay(): number
  streams(): number
}

const LATENCIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Start at 0: a rate misses the first event of a counter that first appears as 1. */
const usualOutcomes = ['CONFIRMED', 'HELD', 'SEATS_TAKEN', 'NOT_ENOUGH_SEATS', 'BUSY', 'INTERNAL']

/** The server's counters, for Prometheus. */
export type Metrics = ReturnType<typeof createMetrics>

/** Creates the counters of one server, in a separate registry. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'tickets_http_request_duration_seconds',
    help: 'Requests, from their first header to the last byte of the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: LATENCIES,
    registers,
  })
  const bookings = new Counter({
    name: 'tickets_bookings_total',
    help: 'Booking requests, by result',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of usualOutcomes) bookings.inc({ outcome }, 0)
  const batchSize = new Histogram({
    name: 'tickets_booking_batch_size',
    help: 'Bookings decided in one transaction',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    registers,
  })
  const lockWait = new Histogram({
    name: 'tickets_lock_wait_seconds',
    help: "How long a batch waited for its show's lock",
    buckets: LATENCIES,
    registers,
  })
  return {
    request: ({ seconds, ...labels }: RequestFacts) => requests.observe(labels, seconds),
    /** A booking's result: CONFIRMED, HELD, replayed, or an error's code. */
    booking: (outcome: string) => bookings.inc({ outcome }),
    batch: ({ size, lockWaitMs }: { size: number; lockWaitMs: number }) => {
      batchSize.observe(size)
      lockWait.observe(lockWaitMs / 1000)
    },
    /** The page that Prometheus requests. */
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    watch: (gauges: Gauges) => watchGauges(registry, gauges),
  }
}

function watchGauges(registry: Registry, { tickets, requestsUnderWay, streams }: Gauges): void {
  const registers = [registry]
  new Gauge({
    name: 'tickets_database_connections',
    help: 'Connections of the pool, calls that wait for one, and the connection that listens',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, n] of Object.entries(tickets.connections)) this.set({ state }, n)
    },
  })
  new Gauge({
    name: 'tickets_http_requests_under_way',
    help: 'Requests that are not answered yet',
    registers,
    collect() {
      this.set(requestsUnderWay())
    },
  })
  new Gauge({
    name: 'tickets_http_event_streams',
    help: 'Clients that watch the seats of a show',
    registers,
    collect() {
      this.set(streams())
    },
  })
}
