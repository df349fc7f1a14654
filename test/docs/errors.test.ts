import { expect, it } from 'vitest'
import { errorCodes } from '../../src/shared/errors.js'

it('docs/errors.md has every code; `npm test -- test/docs/errors.test.ts -u` writes it', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/errors.md')
})

function page(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { exit, retryable, meaning }]) =>
      `| \`${code}\` | ${exit} | ${retryable ? 'yes' : ''} | ${meaning} |`,
  )
  return `# Error codes

With \`--json\`, an error is the only document on stdout: \`{"error": {"code", "message", "retryable"}}\`. \`seats\`, \`alternatives\` and \`booking\` are present for the codes that have them. Match on the code or the exit code; the message is for people and may change.

*Retry* means that the same request may succeed later. If the request has a key, use the same key again, so that it books only once.

| code | exit | retry | meaning |
|---|---|---|---|
${rows.join('\n')}

Over HTTP, the status follows from the exit code: 2 is 400 (409 for \`KEY_REUSED\`), 3 is 404, 4 is 409, 5, 6 and 130 are 503, and 1 is 500. Only HTTP has the codes \`UNAUTHORIZED\` (401), \`FORBIDDEN\` (403), \`NO_SUCH_ROUTE\` (404), \`METHOD_NOT_ALLOWED\` (405) and \`TOO_MANY_REQUESTS\` (429).
`
}
