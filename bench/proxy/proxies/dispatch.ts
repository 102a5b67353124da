import type { RequestListener } from 'node:http'
import { Agent, type Dispatcher } from 'undici'

/** undici without `fetch`, written straight to the response: what no proxy on undici can undercut. */
export function dispatch(origin: string): RequestListener {
  const agent = new Agent()
  return (req, res) => {
    const { method = 'GET', url = '/' } = req
    const body = method === 'GET' ? null : req
    const headers = { accept: req.headers.accept ?? '*/*' }
    let control: Dispatcher.DispatchController | undefined
    res.on('close', () => control?.abort(new Error('The client left')))
    agent.dispatch(
      { origin, path: url, method: method as Dispatcher.HttpMethod, headers, body },
      {
        onRequestStart(controller) {
          control = controller
        },
        onResponseStart(_, status) {
          res.writeHead(status, { 'content-type': 'text/event-stream' })
        },
        onResponseData(controller, chunk) {
          if (res.write(chunk)) return
          controller.pause()
          res.once('drain', () => controller.resume())
        },
        onResponseEnd() {
          control = undefined
          res.end()
        },
        onResponseError() {
          res.destroy()
        },
      },
    )
  }
}
