// Runs one bundled block of the docs: `node block-runner.mjs FILE [serve|fetch]`.
//
// The block shows no teardown, so this closes its servers, which also get a free port instead of their fixed one; then
// the process has to end by itself. With `serve` one request is sent to the block's server, with `fetch` to the
// handler that it exports, and the response goes to stdout.
import { Server } from 'node:net'
import { pathToFileURL } from 'node:url'

const [file, mode] = process.argv.slice(2)
const { listen } = Server.prototype
const servers = []
let onPort
const port = new Promise((resolve) => {
  onPort = resolve
})

Server.prototype.listen = function listenAnywhere(...args) {
  servers.push(this)
  this.once('listening', () => onPort(this.address().port))
  const [first, ...rest] = args
  const callback = rest.find((argument) => typeof argument === 'function')
  const options = typeof first === 'object' && first !== null ? first : {}
  return listen.call(this, { ...options, port: 0, host: '127.0.0.1' }, callback)
}

function request(origin) {
  return new Request(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt', stream: true, messages: [] }),
  })
}

async function print(response) {
  process.stdout.write(`${response.status} ${response.headers.get('content-type')}\n`)
  process.stdout.write(await response.text())
}

const exported = await import(pathToFileURL(file))
if (mode === 'serve') await print(await fetch(request(`http://127.0.0.1:${await port}`)))
if (mode === 'fetch') {
  const handle = exported.POST ?? exported.default.fetch
  const { OPENAI_API_KEY } = process.env
  await print(await handle(request('http://app.test'), { OPENAI_API_KEY }, {}))
}
for (const server of servers) {
  server.close()
  server.closeAllConnections?.()
}
