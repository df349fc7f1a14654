// What makes, runs and counts many bookings, for `tickets stress` and `tickets demo`.

export {
  type Attempt,
  type ConfirmedAnswer,
  endOf,
  type LoadSummary,
  type LoadWorker,
  type RetryReason,
  runLoad,
  summarizeLoad,
} from '../load/load.js'
export { planLoad } from '../load/load-plan.js'
