import { expect, test } from 'vitest'
import { wrapQuestion } from '../../../src/terminal/prompts/prompt-theme.js'

const message = 'When does the first of these shows start?'
const hint = 'Europe/London, like 2026-12-25 19:00'

test.each([
  { message },
  { message, hint },
  { message, answer: 'y/N' },
  { message, hint, answer: 'tomorrow at noon' },
])('a question is broken only between words, at any width: %j', (asked) => {
  const parts = [message, asked.hint && `(${hint})`, asked.answer && `(${asked.answer})`]
  const whole = parts.filter(Boolean).join(' ')
  for (let columns = 1; columns <= 160; columns++) {
    const { question, answer } = wrapQuestion(asked, { columns, color: false, unicode: true })
    // As inquirer formats them.
    const text = ['?', question, answer].filter(Boolean).join(' ')
    expect(text.replace(/\s+/g, ' ')).toBe(`? ${whole}`)
    for (const line of text.split('\n')) {
      if (line.slice(2).includes(' ')) expect(line.length).toBeLessThan(columns)
    }
  }
})
