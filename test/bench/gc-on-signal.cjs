// Collects garbage when it is asked to, so that what is left in memory is what is held.
process.on('SIGUSR2', () => globalThis.gc())
