import { median, ratio } from './measure.js'

/** One figure of a section. */
export interface Measurement {
  what: string
  value: number
  unit: string
  /** What it is compared with, in the same unit, and value ÷ base. */
  against?: { what: string; value: number; ratio: number }
  /** Peak memory of the process that was measured, in MB (10⁶ bytes). */
  peakMb?: number
  targets?: Target[]
}

/** A point of a curve in a panel of the plots. */
export interface Point {
  panel: 'houses' | 'scale' | 'rate' | 'p99'
  series: string
  x: number
  y: number
}

export interface Target {
  of: 'ratio' | 'value' | 'peakMb'
  atMost?: number
  atLeast?: number
}

/** The result of a section: its figures, and notes for the reader. */
export interface SectionResult {
  measurements: Measurement[]
  /** Tables in Markdown with more than one measurement in a line. */
  tables?: string[]
  points?: Point[]
  notes?: string[]
}

/** A figure from samples, compared with those of a baseline. */
export function compare(
  what: string,
  samples: readonly number[],
  unit: string,
  base?: { what: string; samples: readonly number[] },
): Measurement {
  return {
    what,
    value: median(samples),
    unit,
    ...(base && {
      against: {
        what: base.what,
        value: median(base.samples),
        ratio: ratio(samples, base.samples),
      },
    }),
  }
}

/** Whether this target is met. A figure that was not measured meets no target. */
export function isMet(measurement: Measurement, target: Target): boolean {
  const figure = figureOf(measurement, target)
  if (figure === undefined) return false
  return (
    figure <= (target.atMost ?? Number.POSITIVE_INFINITY) &&
    figure >= (target.atLeast ?? Number.NEGATIVE_INFINITY)
  )
}

function figureOf(measurement: Measurement, { of }: Target): number | undefined {
  if (of === 'ratio') return measurement.against?.ratio
  return measurement[of]
}
