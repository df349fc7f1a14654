// Equivalent to the functions `canonical_text` and `folded_text` of migration 0010, whose results
// are in the indexes.

/**
 * Returns a text in the form for comparison: NFC, one space for each run of spaces (including
 * no-break spaces), none at the ends, and `'` for typographic apostrophes.
 */
export function canonicalText(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[\u2018\u2019\u201B\u02BB\u02BC\u2032\uFF07]/g, "'")
    .replace(/\s+/g, ' ')
    .trim()
}

/** Returns a text in the form for searches: canonical, and without case. */
export function foldText(text: string): string {
  // Upper-casing makes 'Straße' equal 'STRASSE'; lower-casing before it does the same for 'STRAẞE'.
  // A final sigma has its own form, and a dot that remains above an i is Turkish.
  return canonicalText(text)
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC')
    .replaceAll('ς', 'σ')
    .replace(/\u0307/g, '')
}
