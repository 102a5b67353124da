import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type NodeHandler, toNodeHandler } from 'sse-stream-kit/node'
import { relay } from 'sse-stream-kit/streams'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { writeChunk } from '../../src/node/write-chunk.ts'
import { type FetchHandler, type Host, serverHost } from '../support/http/hosts.ts'
import { ask, type RawClient, rawClient } from '../support/http/raw-client.ts'
import { deferred, endlessBody, manualBody } from './manual-body.ts'

type Middleware = (req: IncomingMessage, res: ServerResponse) => void

/** What one call into the system wrote: the buffers of a `writev`, or the one of a `write`. */
type Call = string[]

interface Recorded extends Host {
  readonly client: RawClient
  /** What the server's sockets have passed to the system. */
  readonly calls: readonly Call[]
}

const opened: { close(): unknown }[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map((each) => each.close()))
})

async function open(
  handle: NodeHandler,
  middleware?: Middleware,
  highWaterMark = 65_536,
): Promise<Recorded> {
  // Node's limit from Node 22 on.
  const server = createServer({ highWaterMark }, (req, res) => {
    middleware?.(req, res)
    void handle(req, res)
  })
  const calls: Call[] = []
  server.on('connection', (socket) => record(socket, calls))
  const host = await serverHost(server)
  const client = rawClient(host.port)
  opened.push(host, { close: () => client.socket.destroy() })
  return { ...host, client, calls }
}

function record(socket: Socket, calls: Call[]): void {
  const { _write: write, _writev: writev } = socket
  socket._write = (chunk, encoding, callback) => {
    calls.push([textOf(chunk)])
    write.call(socket, chunk, encoding, callback)
  }
  socket._writev = (chunks, callback) => {
    calls.push(chunks.map(({ chunk }) => textOf(chunk)))
    writev?.call(socket, chunks, callback)
  }
}

const textOf = (chunk: Uint8Array | string): string =>
  typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')

const serve = (
  handler: FetchHandler,
  middleware?: Middleware,
  highWaterMark?: number,
): Promise<Recorded> => open(toNodeHandler(handler), middleware, highWaterMark)

/** The buffers with something in them; the date of the head varies. */
const written = (calls: readonly Call[]): Call[] =>
  calls
    .map((call) =>
      call
        .filter((text) => text !== '')
        .map((text) => text.replace(/^HTTP\/1\.[\s\S]*?\r\n\r\n/, 'HEAD ')),
    )
    .filter((call) => call.length > 0)

const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)
const macrotask = (): Promise<void> => new Promise((next) => setImmediate(next))

describe('a chunk', () => {
  it.each([
    ['a stream', (body: ReadableStream<Uint8Array>) => body],
    ['a relay in flowing mode', (body: ReadableStream<Uint8Array>) => relay(body, [])],
  ])('of %s is one buffer of one write', async (_, through) => {
    const body = manualBody()
    const { client, calls } = await serve(() => new Response(through(body.stream)))
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    body.send('data: 1\n\n')
    await client.until('data: 1\n\n')
    body.send('data: 2\n\n')
    await client.until('data: 2\n\n')
    body.close()
    await client.until('0\r\n\r\n')
    expect(written(calls)).toEqual([
      ['HEAD '],
      ['9\r\ndata: 1\n\n\r\n'],
      ['9\r\ndata: 2\n\n\r\n'],
      ['0\r\n\r\n'],
    ])
  })

  it('is coded as Node codes it, at any length', async () => {
    const lengths = [1, 15, 16, 255, 256, 2_047, 2_048, 2_049, 4_095, 4_096, 65_536, 70_000]
    const texts = lengths.map((length) => String.fromCharCode(48 + (length % 75)).repeat(length))
    const body = manualBody()
    const { client } = await serve(() => new Response(body.stream))
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    for (const text of texts) {
      body.send('')
      body.send(text)
      await client.until(`${text}\r\n`)
    }
    body.close()
    await client.until('\r\n0\r\n\r\n')
    const coded = texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`)
    expect(bodyOf(client.text)).toBe(`${coded.join('')}0\r\n\r\n`)
  })

  it('that is one of many in a turn goes out with them, in order', async () => {
    const texts = Array.from({ length: 50 }, (_, at) => `data: ${at} ${'x'.repeat(at * 100)}\n\n`)
    const body = manualBody()
    const { client, calls } = await serve(() => new Response(relay(body.stream, [])))
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    for (const text of texts) body.send(text)
    body.close()
    await client.until('\r\n0\r\n\r\n')
    expect(decoded(client.text)).toBe(texts.join(''))
    expect(written(calls).length).toBeLessThan(10)
  })

  it('is not coded for HTTP/1.0 or with a content-length', async () => {
    const answers = await Promise.all(
      [{}, { 'content-length': '9' }].map(async (headers, at) => {
        const body = manualBody()
        const { client } = await serve(() => new Response(body.stream, { headers }))
        client.send(ask('/', 'GET', `1.${at}`, 'connection: close\r\n'))
        await client.until('\r\n\r\n')
        body.send('data: 1\n\n')
        body.close()
        await client.closed
        return bodyOf(client.text)
      }),
    )
    expect(answers).toEqual(['data: 1\n\n', 'data: 1\n\n'])
  })

  it('waits for its turn in a pipelined response', async () => {
    const bodies = [manualBody(), manualBody(), manualBody()]
    const asked = bodies.map(() => deferred<void>())
    const { client } = await serve((request) => {
      const number = Number(new URL(request.url).pathname.slice(1))
      asked[number]?.resolve()
      return new Response(bodies[number]?.stream)
    })
    client.send(ask('/0') + ask('/1') + ask('/2'))
    await Promise.all(asked.map(({ promise }) => promise))
    for (const at of [2, 1, 0]) {
      for (const text of ['a', 'b']) {
        bodies[at]?.send(`${text}${at}`)
        await macrotask()
      }
      bodies[at]?.close()
      await macrotask()
    }
    await client.until('b2\r\n0\r\n\r\n')
    expect(client.text.replace(/HTTP\/1\.1 200[\s\S]*?\r\n\r\n/g, 'HEAD ')).toBe(
      [0, 1, 2].map((at) => `HEAD 2\r\na${at}\r\n2\r\nb${at}\r\n0\r\n\r\n`).join(''),
    )
  })

  it('comes after what a corked response holds', async () => {
    const body = manualBody()
    const responses: ServerResponse[] = []
    const { client } = await serve(
      () => new Response(body.stream),
      (_, res) => void responses.push(res),
    )
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    responses[0]?.cork()
    // Larger than what is written in one buffer, so that Node codes and queues it.
    body.send('a'.repeat(3_000))
    await macrotask()
    body.send('b')
    await macrotask()
    responses[0]?.uncork()
    body.close()
    await client.until('0\r\n\r\n')
    expect(decoded(client.text)).toBe(`${'a'.repeat(3_000)}b`)
  })

  it('leaves the trailers of middleware as they are', async () => {
    const body = manualBody()
    const { client } = await serve(
      () => new Response(body.stream),
      (_, res) => {
        res.setHeader('trailer', 'x-sum')
        res.addTrailers({ 'x-sum': '1' })
      },
    )
    client.send(ask('/'))
    body.send('data: 1\n\n')
    body.close()
    await client.until('x-sum: 1\r\n\r\n')
    expect(bodyOf(client.text)).toBe('9\r\ndata: 1\n\n\r\n0\r\nx-sum: 1\r\n\r\n')
  })
})

describe('a replaced write', () => {
  it.each<[string, (got: string[]) => Middleware]>([
    [
      'of one response',
      (got) => (_, res) => {
        const { write } = res
        res.write = ((chunk: Uint8Array) => {
          got.push(textOf(chunk))
          return write.call(res, chunk, 'latin1')
        }) as typeof res.write
      },
    ],
    [
      'of all responses',
      (got) => () => {
        const write = ServerResponse.prototype.write
        vi.spyOn(ServerResponse.prototype, 'write').mockImplementation(function (
          this: ServerResponse,
          chunk: Uint8Array,
        ) {
          got.push(textOf(chunk))
          return write.call(this, chunk, 'latin1')
        } as typeof write)
      },
    ],
  ])('%s receives the bytes of the body', async (_, replace) => {
    const got: string[] = []
    const body = manualBody()
    const { client } = await serve(() => new Response(body.stream), replace(got))
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    body.send('data: 1\n\n')
    await client.until('data: 1\n\n')
    body.close()
    await client.until('0\r\n\r\n')
    expect(got.filter((text) => text !== '')).toEqual(['data: 1\n\n'])
    expect(bodyOf(client.text)).toBe('9\r\ndata: 1\n\n\r\n0\r\n\r\n')
  })

  it('is given bytes alone, and may throw for the head', async () => {
    const cause = new Error('no more')
    const errors: unknown[] = []
    const got: unknown[] = []
    const { client } = await open(
      toNodeHandler(() => new Response(new ReadableStream()), {
        onError: (error) => errors.push(error),
      }),
      (_, res) => {
        res.write = ((chunk: unknown) => {
          got.push(chunk)
          throw cause
        }) as typeof res.write
      },
    )
    client.send(ask('/'))
    await client.closed
    expect(got[0]).toBeInstanceOf(Uint8Array)
    expect(errors).toContain(cause)
  })

  it('that drops the callback is waited for until drain', async () => {
    const body = manualBody()
    for (let chunk = 0; chunk < 10; chunk++) body.send('x'.repeat(20_000))
    body.close()
    const { client } = await serve(
      () => new Response(body.stream),
      (_, res) => {
        const { write } = res
        res.write = ((chunk: Uint8Array) => write.call(res, chunk, 'latin1')) as typeof res.write
      },
    )
    client.send(ask('/'))
    await client.until('\r\n0\r\n\r\n')
    expect(decoded(client.text)).toBe('x'.repeat(200_000))
  })
})

describe('the head', () => {
  it('goes out in one write with a body that is at hand, and its end', async () => {
    const { client, calls } = await serve(async () => {
      await Promise.resolve()
      return new Response(relay(new Response('data: 1\n\n').body as ReadableStream<Uint8Array>, []))
    })
    client.send(ask('/'))
    await client.until('0\r\n\r\n')
    expect(written(calls)).toEqual([['HEAD ', '9\r\ndata: 1\n\n\r\n', '0\r\n\r\n']])
  })

  it('goes out alone if the body comes in a later turn', async () => {
    const body = manualBody()
    const { client, calls } = await serve(() => new Response(body.stream))
    client.send(ask('/'))
    await client.until('\r\n\r\n')
    expect(written(calls)).toEqual([['HEAD ']])
  })

  it('goes out alone if the body starts with an empty chunk', async () => {
    const body = manualBody()
    body.send('')
    const { client } = await serve(() => new Response(body.stream))
    client.send(ask('/'))
    await client.until('\r\n\r\n')
  })
})

describe('the connection', () => {
  it('is kept for the next response, after events of a normal end', async () => {
    const finished: boolean[] = []
    const { client } = await serve(
      () => new Response('data: 1\n\n'),
      (_, res) => {
        res.on('finish', () => finished.push(res.writableFinished))
      },
    )
    for (const count of [1, 2, 3]) {
      client.send(ask('/'))
      await vi.waitUntil(() => client.text.match(/\r\n0\r\n\r\n/g)?.length === count)
    }
    await vi.waitUntil(() => finished.length === 3)
    expect(finished).toEqual([true, true, true])
    expect(client.text.replace(/HTTP\/1\.1 200[\s\S]*?\r\n\r\n/g, 'HEAD ')).toBe(
      'HEAD 9\r\ndata: 1\n\n\r\n0\r\n\r\n'.repeat(3),
    )
  })

  it.each([16_384, 65_536])(
    'holds back a body of small chunks until its client reads on, with a highWaterMark of %i',
    async (highWaterMark) => {
      let open: ServerResponse | undefined
      let given = 0
      let most = 0
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (given === 20_000) controller.close()
            else controller.enqueue(Buffer.from(`data: ${given++} ${'x'.repeat(1_000)}\n\n`))
          },
        },
        { highWaterMark: 0 },
      )
      const { port } = await serve(
        () => new Response(relay(body, [])),
        (_, res) => {
          open = res
          const socket = res.socket as Socket
          const { write } = socket
          socket.write = ((...args: Parameters<typeof write>) => {
            const isTaken = write.apply(socket, args)
            most = Math.max(most, socket.writableLength)
            return isTaken
          }) as typeof write
        },
        highWaterMark,
      )
      const client = connect(port, '127.0.0.1')
      const received: Buffer[] = []
      const closed = new Promise((resolve) => client.on('close', resolve))
      client.on('data', (chunk: Buffer) => received.push(chunk))
      client.pause()
      client.write(ask('/', 'GET', '1.1', 'connection: close\r\n'))
      await vi.waitUntil(() => given > 0)
      for (let turn = 0, seen = -1; turn < 200; turn++) {
        if (seen !== given) turn = 0
        seen = given
        await macrotask()
      }
      expect(given).toBeLessThan(20_000)
      expect(open?.writableLength).toBeGreaterThan(0)
      client.resume()
      await closed
      expect(most).toBeLessThan(16_384 + 1_050)
      const text = decoded(Buffer.concat(received).toString('latin1'))
      expect(text.match(/data: \d+/g)).toEqual(
        Array.from({ length: 20_000 }, (_, at) => `data: ${at}`),
      )
    },
  )
})

describe('a client that reads nothing', () => {
  it.each([1_000, 15_000, 60_000])(
    'makes a relay of chunks of %i bytes hold at most highBytes and 64 KiB',
    async (size) => {
      const highBytes = 65_536
      const body = endlessBody(size)
      const handle = toNodeHandler(
        () => new Response(relay(body.stream, [], { watermark: { highBytes } })),
      )
      // The size of Node's buffer from Node 22 on.
      const server = createServer({ highWaterMark: 65_536 }, (req, res) => void handle(req, res))
      const host = await serverHost(server)
      opened.push(host)
      const client = rawClient(host.port)
      client.socket.pause()
      client.send(ask('/'))
      await vi.waitUntil(() => body.bytes > 0)
      await body.idle()
      const [socket] = host.sockets as Set<Socket>
      const passedOn = (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0)
      // Head and coding make `passedOn` larger than the part of the body in it.
      expect(body.bytes - passedOn).toBeLessThanOrEqual(highBytes + 65_536)
      expect(socket?.writableLength).toBeLessThan(16_384 + size + 16)
      expect(socket?.writableLength).toBeGreaterThan(0)
      client.socket.destroy()
      await body.cancelled
    },
  )

  it('is not read for once it has left', async () => {
    const body = endlessBody()
    const { client } = await serve(() => new Response(body.stream))
    client.socket.pause()
    client.send(ask('/'))
    await vi.waitUntil(() => body.bytes > 0)
    await body.idle()
    const { bytes } = body
    client.socket.destroy()
    await body.cancelled
    await body.idle()
    expect(body.bytes).toBe(bytes)
  })
})

/** The body of a chunked response; throws if its coding is invalid. */
function decoded(text: string): string {
  let body = ''
  for (let at = text.indexOf('\r\n\r\n') + 4; ; ) {
    const line = text.indexOf('\r\n', at)
    const digits = text.slice(at, line)
    const end = line + 2 + Number.parseInt(digits, 16)
    if (!/^[\da-f]+$/.test(digits) || text.slice(end, end + 2) !== '\r\n') {
      throw new Error(`Invalid chunk: ${JSON.stringify(text.slice(at, at + 50))}`)
    }
    if (digits === '0') return body
    body += text.slice(line + 2, end)
    at = end + 2
  }
}

it('leaves Node no large piece of memory for a small part of it', () => {
  const written: Uint8Array[] = []
  const res = {
    writableLength: 0,
    write(chunk: Uint8Array) {
      written.push(chunk)
      return true
    },
  }
  writeChunk(res, new Uint8Array(65_536).subarray(0, 5_000))
  writeChunk(res, new Uint8Array(65_536).subarray(0, 30_000))
  expect(written.map(({ buffer }) => buffer.byteLength)).toEqual([5_000, 65_536])
})
