import type { TicketsError } from '../shared/errors.js'

/** What a person may do about a refusal, when there is something: other seats that are free. */
export function alternativesHint({ alternativeSpec }: TicketsError): string | undefined {
  return alternativeSpec ? `Free instead: ${alternativeSpec}` : undefined
}
