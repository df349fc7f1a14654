import { randomByte } from '../shared/random.js'

/** Excludes 0, 1, I, L, O and U, which people misread on paper or mishear on the telephone. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 8

/** The bytes below this bound map evenly to the letters, so no letter is more frequent. */
const FAIR_BYTES = 256 - (256 % ALPHABET.length)

/** Returns a new random reference as the database stores it: 8 characters, no dash. */
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

/**
 * Parses a reference as people type it: with or without the dash, in upper or lower case. Returns
 * undefined if it is none.
 */
export function parseReference(text: string): string | undefined {
  const reference = text.trim().toUpperCase().replace(/[\s-]/g, '')
  const isReference =
    reference.length === LENGTH && [...reference].every((char) => ALPHABET.includes(char))
  return isReference ? reference : undefined
}
