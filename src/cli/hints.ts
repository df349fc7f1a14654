import type { TicketsError } from '../shared/errors.js'

/** The hint at other free seats, where a refusal has some. */
export function alternativesHint({ alternativeSpec }: TicketsError): string | undefined {
  return alternativeSpec ? `Free instead: ${alternativeSpec}` : undefined
}
