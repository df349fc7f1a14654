// The same as the functions `canonical_text` and `folded_text` in the database, of migration 0010:
// the indexes have what those make of a text.

/**
 * A text as it is compared: in NFC, with every run of spaces (no-break ones too) as one space and
 * none at its ends, and with typographic apostrophes as `'`.
 */
export function canonicalText(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[\u2018\u2019\u201B\u02BB\u02BC\u2032\uFF07]/g, "'")
    .replace(/\s+/g, ' ')
    .trim()
}

/** The same without regard to case: what texts are searched by. */
export function foldText(text: string): string {
  // By capitals, so that 'STRASSE' is 'Straße', and small letters before that, so that 'STRAẞE' is.
  // A sigma at the end of a word has a form of its own, and a dot that stays over an i is Turkish.
  return canonicalText(text)
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC')
    .replaceAll('ς', 'σ')
    .replace(/\u0307/g, '')
}
