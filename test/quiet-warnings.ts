/** Hides the process warnings that tests cause on purpose. */
const printers = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name === 'SseKitWarning') return
  for (const print of printers) print(warning)
})
