import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Gate, gate } from '../../src/testing.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

/** An upstream for subjects in other processes, which control it by requests. */
export interface RuntimesUpstream {
  settings: { upstream: string; secureUpstream: string; ca: string }
  close(): void
}

export async function runtimesUpstream(): Promise<RuntimesUpstream> {
  const certificate = await loopbackCertificate()
  const plain = createServer(listener())
  const secure = createSecureServer({ ...certificate }, listener())
  const [port, securePort] = [await listening(plain), await listening(secure)]
  return {
    settings: {
      upstream: `http://127.0.0.1:${port}`,
      secureUpstream: `https://127.0.0.1:${securePort}`,
      ca: certificate.cert,
    },
    close: () => {
      for (const server of [plain, secure]) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function listener(): RequestListener {
  const gates = new Map<string, Gate>()
  /** A state in the life of the request with this id. */
  const moment = (name: string, id: string | null): Gate => {
    const key = `${name} ${id}`
    const known = gates.get(key) ?? gate()
    gates.set(key, known)
    return known
  }
  return async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://upstream.test')
    const id = searchParams.get('id')
    if (pathname === '/asked' || pathname === '/closed') {
      await moment(pathname, id).opened
      res.end(pathname.slice(1))
      return
    }
    if (pathname === '/open') {
      moment(pathname, id).open()
      res.end()
      return
    }
    res.on('close', () => moment('/closed', id).open())
    moment('/asked', id).open()
    if (pathname === '/never') return
    if (pathname === '/echo') {
      req.pipe(res)
      return
    }
    if (pathname === '/redirect') {
      res.writeHead(302, { location: '/events' }).end()
      return
    }
    if (pathname === '/gzip') {
      res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      res.end(gzipSync('data: 1\n\n'))
      return
    }
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.flushHeaders()
    if (pathname === '/silent') return
    if (pathname === '/events') {
      res.end('data: 1\r\n\r\n: comment\n\ndata: 2\n\n')
      return
    }
    res.write('data: 1\n\n')
    await moment('/open', id).opened
    if (pathname === '/broken') res.socket?.resetAndDestroy()
    else res.end('data: 2\n\n')
  }
}
