import { randomByte } from '../shared/random.js'

/** No 0, 1, I, L, O, U: nothing that is misread on paper or misheard on the telephone. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 8

/** The bytes that are divided among the letters without a remainder: no letter comes up more often. */
const FAIR_BYTES = 256 - (256 % ALPHABET.length)

/** A new random reference as the database keeps it: 8 characters, no dash. */
export function newReference(): string {
  let reference = ''
  while (reference.length < LENGTH) {
    const byte = randomByte()
    if (byte < FAIR_BYTES) reference += ALPHABET[byte % ALPHABET.length]
  }
  return reference
}

/** 'K7Q29FMX' → 'K7Q2-9FMX'. */
export function formatReference(reference: string): string {
  return `${reference.slice(0, 4)}-${reference.slice(4)}`
}

/** The inverse, as people type it: with or without the dash, in either case. undefined if it is none. */
export function parseReference(text: string): string | undefined {
  const reference = text.trim().toUpperCase().replace(/[\s-]/g, '')
  const isReference =
    reference.length === LENGTH && [...reference].every((char) => ALPHABET.includes(char))
  return isReference ? reference : undefined
}
