// Loaded with --require: leaves the peak memory of the process, in bytes, in TICKETS_BENCH_PEAK.
const { appendFileSync, readFileSync } = require('node:fs')

/**
 * Linux: the high-water mark of this program alone. getrusage's maxRSS survives execve, and so
 * would never be lower than what the parent had when it forked.
 */
function peakBytes() {
  try {
    return (
      Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024
    )
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}

module.exports = { peakBytes }

const file = process.env.TICKETS_BENCH_PEAK
if (file) process.on('exit', () => appendFileSync(file, `${peakBytes()}\n`))
