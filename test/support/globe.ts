import type { SeatPlan, Stage } from '../../src/house/plan/seat-plan.js'
import { planOf } from './plans.js'

/** Two sections with uneven rows, aisles, odd and even numbers, and seats of every kind. */
export function globeWith(stage: Stage): SeatPlan {
  return planOf(`name: Globe
stage: ${stage}

section Stalls
A   1-6 . 7-14 . 15-20
C   w1 c2 3-6 . 7-14 . 15-18
D   39-21 odd . 20-40 even

section Circle
AA  x1-2 3-12 r13-14
BB  1-5 . 6-12
`)
}
