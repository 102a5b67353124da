/** Keeps the warnings that tests cause on purpose, with the stacks in them, out of the output. */
const printers = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name === 'SseKitWarning') return
  for (const print of printers) print(warning)
})
