import { expect, test } from 'vitest'
import { pictureOf } from './picture.js'
import { openTerminal } from './terminal.js'

test('a picture shows the text, colours, weight and wide characters of the screen', async () => {
  const text = 'a<b \\033[1;32mgreen\\033[0m \\033[7mturned\\033[0m オ─\\n\\n'
  const terminal = openTerminal('printf', [text], { cols: 40, rows: 10 })
  expect(await terminal.exit).toEqual({ code: 0, signal: null })
  const picture = pictureOf(terminal)
  await terminal.close()
  expect(picture).toContain('>a&lt;b</text>')
  expect(picture).toMatch(/fill="#7fd88f"[^>]* font-weight="700">green</)
  expect(picture).toMatch(/<rect [^>]*fill="#d9dee8"\/><text [^>]*fill="#14171f"[^>]*>turned</)
  expect(picture).toMatch(/text-anchor="middle">オ</)
  // One row of text: empty rows are left out.
  expect(picture).toMatch(/^<svg [^>]*height="73"/)
})
