import type { ServeOptions, TestServer } from '../test-server.ts'
import type { RequestHead, RequestRecord } from '../upstream/request-record.ts'
import type { StepSink } from '../upstream/run-steps.ts'
import { incomingHeaders } from './incoming-headers.ts'
import { NodeSink } from './node-sink.ts'
import { startServer } from './start-server.ts'

/** Starts the server of a fake upstream, which records each request and runs its script. */
export async function startUpstream(
  record: (head: Omit<RequestHead, 'index'>) => RequestRecord,
  run: (record: RequestRecord, sink: StepSink) => void,
  options: ServeOptions,
): Promise<TestServer> {
  return await startServer((exchange) => {
    const { req, socket } = exchange
    const { method = 'GET', url = '/', httpVersion } = req
    const headers = incomingHeaders(req.headers)
    const recorded = record({ method, url, headers, httpVersion })
    // Once its response has ended, Node emits nothing more for a request, not even that its client disconnected.
    const onGone = (): void => recorded.endBody()
    socket.on('close', onGone)
    void recorded.readBody(req).then(() => socket.off('close', onGone))
    run(recorded, new NodeSink(recorded, exchange))
  }, options)
}
