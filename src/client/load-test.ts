// What makes, runs and counts many bookings, for `tickets stress` and `tickets demo`.

export type { ConfirmedAnswer } from '../load/confirmed-check.js'
export {
  type Attempt,
  endOf,
  type LoadSummary,
  type LoadWorker,
  type RetryReason,
  runLoad,
  summarizeLoad,
} from '../load/load.js'
export { planLoad } from '../load/load-plan.js'
