/** A certificate and its key, both as PEM text. */
export interface LoopbackCertificate {
  key: string
  cert: string
}

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18
const ECDSA_WITH_SHA256 = bytes(0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)
const COMMON_NAME = bytes(0x06, 3, 0x55, 4, 3)
const SUBJECT_ALT_NAME = bytes(0x06, 3, 0x55, 0x1d, 0x11)
const BASIC_CONSTRAINTS = bytes(0x06, 3, 0x55, 0x1d, 0x13)
const TRUE = bytes(1, 1, 0xff)

/**
 * Makes a new self-signed certificate for `localhost` and `127.0.0.1`, for servers of tests that speak TLS.
 *
 * Made anew each time, in some milliseconds, so no key lies in a repository; valid until 2099. A client
 * trusts it as its own authority: `ca: cert`.
 *
 * - Holds nothing; there is nothing to cancel.
 * - Error: rejects where the runtime has no WebCrypto.
 *
 * @example An upstream over HTTPS
 * ```ts
 * import { fakeUpstream, loopbackCertificate, step } from 'sse-stream-kit/testing'
 *
 * const upstream = fakeUpstream([step.send({ data: 'secret' })])
 * const url = await upstream.listen({ tls: await loopbackCertificate() })
 * console.log(url) // https://127.0.0.1:...
 * await upstream.close()
 * ```
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export async function loopbackCertificate(): Promise<LoopbackCertificate> {
  const { subtle } = globalThis.crypto
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const publicKey = new Uint8Array(await subtle.exportKey('spki', keys.publicKey))
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, ascii('localhost')))),
  )
  const signed = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, bytes(2))),
    der(INTEGER, bytes(1), globalThis.crypto.getRandomValues(new Uint8Array(8))),
    der(SEQUENCE, ECDSA_WITH_SHA256),
    name,
    der(
      SEQUENCE,
      der(UTC_TIME, ascii('200101000000Z')),
      der(GENERALIZED_TIME, ascii('20990101000000Z')),
    ),
    name,
    publicKey,
    der(0xa3, der(SEQUENCE, alternativeNames(), isAuthority())),
  )
  const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, signed)
  const cert = der(
    SEQUENCE,
    signed,
    der(SEQUENCE, ECDSA_WITH_SHA256),
    der(BIT_STRING, bytes(0), derSignature(new Uint8Array(signature))),
  )
  const key = new Uint8Array(await subtle.exportKey('pkcs8', keys.privateKey))
  return { key: pem('PRIVATE KEY', key), cert: pem('CERTIFICATE', cert) }
}

function alternativeNames(): Uint8Array<ArrayBuffer> {
  const names = der(SEQUENCE, der(0x82, ascii('localhost')), der(0x87, bytes(127, 0, 0, 1)))
  return der(SEQUENCE, SUBJECT_ALT_NAME, der(OCTET_STRING, names))
}

/** What lets a client take the certificate as the authority that signed it. */
function isAuthority(): Uint8Array<ArrayBuffer> {
  return der(SEQUENCE, BASIC_CONSTRAINTS, TRUE, der(OCTET_STRING, der(SEQUENCE, TRUE)))
}

/** WebCrypto gives two numbers of 32 bytes; a certificate wants them as two signed integers. */
function derSignature(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  return der(SEQUENCE, unsigned(raw.subarray(0, 32)), unsigned(raw.subarray(32)))
}

function unsigned(number: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = number.findIndex((byte) => byte !== 0)
  const digits = number.subarray(start)
  return der(INTEGER, bytes(...((digits[0] ?? 0) > 127 ? [0] : [])), digits)
}

/** A tag, the length, and the contents. */
function der(tag: number, ...contents: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return bytes(...head, ...contents.flatMap((part) => [...part]))
}

function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values)
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function pem(label: string, contents: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...contents)).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
